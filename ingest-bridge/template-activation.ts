import { readFile } from 'node:fs/promises';
import type { Loaded, TemplateIssue } from '../core/template-issue.ts';
import type { Logger } from '../service/log.ts';
import { hasCode } from '../stores/durable-file.ts';
import { StoreConflictError } from '../stores/object-store.ts';
import type { ActiveTemplates, TemplateKind, TemplateVersions } from '../stores/template-versions.ts';
import { templateVersionOf } from '../stores/template-versions.ts';
import { loadDeviceContent } from '../templates/device-content/load.ts';
import { loadFhirMapping } from '../templates/fhir-mapping/load.ts';
import { OperatorError } from '../core/operator-error.ts';

export type TemplateFiles = Readonly<Record<TemplateKind, string>>;

/** A file that was refused, and why. */
export interface RefusedTemplate {
  readonly kind: TemplateKind;
  readonly file: string;
  readonly version: string;
  readonly issues: readonly TemplateIssue[];
}

/** There is no pair of templates to run with. */
export class NoTemplatesError extends OperatorError {
  override readonly name = 'NoTemplatesError';
}

/**
 * Looks at the template files and moves the pointer: a file that changed is validated, published and activated, or
 * refused with its reasons while the pair in force goes on. Which contents were considered is recorded, so that a
 * refused file is refused once, and a roll-back of the pointer outlives a restart.
 */
export interface TemplateActivation {
  /** @throws NoTemplatesError while there has never been a valid pair */
  refresh(): Promise<ActiveTemplates>;
  /** Files whose present content was refused by this process. */
  refused(): readonly RefusedTemplate[];
}

const LOADERS: Readonly<Record<TemplateKind, (text: string) => Loaded<unknown>>> = {
  deviceContent: loadDeviceContent,
  fhirMapping: loadFhirMapping,
};
const KINDS = ['deviceContent', 'fhirMapping'] as const;

export function createTemplateActivation(
  versions: TemplateVersions,
  files: TemplateFiles | undefined,
  log: Logger,
  now: () => Date = () => new Date(),
): TemplateActivation {
  const refused = new Map<TemplateKind, RefusedTemplate>();

  /** @returns the version a kind is to have, and the content that was considered for it */
  const consider = async (kind: TemplateKind, text: string, active: ActiveTemplates | undefined) => {
    const considered = templateVersionOf(text);
    if (refused.get(kind)?.version !== considered) refused.delete(kind);
    if (active?.considered[kind] === considered) return { version: active[kind], considered };
    const loaded = LOADERS[kind](text);
    const issues = loaded.issues.map(({ severity, code, line, column, pointer, message }) => ({
      severity,
      code,
      line,
      column,
      pointer,
      message,
    }));
    if (loaded.ok) {
      log.info({ kind, version: considered, warnings: issues }, 'template is valid');
      return { version: await versions.publish(kind, text), considered };
    }
    refused.set(kind, { kind, file: files?.[kind] ?? '', version: considered, issues: loaded.issues });
    log.error(
      { kind, file: files?.[kind], version: considered, inForce: active?.[kind], issues },
      active === undefined ? 'template refused' : 'template refused; the one in force goes on',
    );
    return { version: active?.[kind], considered };
  };

  const unreadable = new Set<TemplateKind>();
  /** A file that is gone changes nothing while there is a version in force: a restart follows the pointer. */
  const look = async (kind: TemplateKind, file: string, active: ActiveTemplates | undefined) => {
    try {
      const text = await readFile(file, 'utf8');
      unreadable.delete(kind);
      return await consider(kind, text, active);
    } catch (error) {
      if (!hasCode(error, 'ENOENT') && !hasCode(error, 'EACCES')) throw error;
      if (active === undefined)
        throw new NoTemplatesError(`The template file ${file} cannot be read`, { cause: error });
      if (!unreadable.has(kind)) log.warn({ kind, inForce: active[kind] }, 'the template file cannot be read');
      unreadable.add(kind);
      return { version: active[kind], considered: active.considered[kind] };
    }
  };

  return {
    refused: () => [...refused.values()],

    async refresh() {
      const stored = await versions.active();
      if (files === undefined)
        return stored?.value ?? fail('IOMT_DEVICE_CONTENT_FILE and IOMT_FHIR_MAPPING_FILE are not set');
      const [deviceContent, fhirMapping] = await Promise.all(
        KINDS.map(async (kind) => await look(kind, files[kind], stored?.value)),
      );
      if (deviceContent?.version === undefined || fhirMapping?.version === undefined) {
        return fail([...refused.values()].map(describeRefused).join('\n'));
      }
      const considered = { deviceContent: deviceContent.considered, fhirMapping: fhirMapping.considered };
      const next = { deviceContent: deviceContent.version, fhirMapping: fhirMapping.version, considered };
      if (stored !== undefined && isSame(stored.value, next)) return stored.value;
      const active: ActiveTemplates = { ...next, activatedAt: now().toISOString() };
      try {
        await versions.activate(active, stored?.version);
      } catch (error) {
        if (!(error instanceof StoreConflictError)) throw error;
        // Another process moved the pointer first; the next look compares with what it chose.
        return (await versions.active())?.value ?? active;
      }
      log.info({ deviceContent: active.deviceContent, fhirMapping: active.fhirMapping }, 'templates are in force');
      return active;
    },
  };
}

function isSame(a: ActiveTemplates, b: Omit<ActiveTemplates, 'activatedAt'>): boolean {
  return KINDS.every((kind) => a[kind] === b[kind] && a.considered[kind] === b.considered[kind]);
}

function fail(reasons: string): never {
  throw new NoTemplatesError(`There are no templates to run with:\n${reasons}`);
}

/** One line for each issue, as compilers write them: file, line, column, code and words. */
export function describeRefused({ file, issues }: RefusedTemplate): string {
  return issues
    .filter((issue) => issue.severity === 'error')
    .map(({ line, column, code, message }) => `${file}:${line}:${column} ${code} ${message}`)
    .join('\n');
}
