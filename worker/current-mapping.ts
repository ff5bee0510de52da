import type { CurrentMapping } from '../activities/observations.ts';
import type { TemplateVersions } from '../stores/template-versions.ts';
import { IngestError } from '../core/errors.ts';
import { loadFhirMapping } from '../templates/fhir-mapping/load.ts';
import type { FhirMappingOptions } from '../templates/fhir-mapping/load.ts';

/**
 * The FHIR mapping the pointer names, so that a mended mapping heals what waits. The pointer is looked at again after
 * `options.maxAgeMs`; a version never changes, so each is compiled once.
 */
export function createCurrentMapping(
  versions: TemplateVersions,
  options: FhirMappingOptions & { readonly maxAgeMs: number },
  onUnusable: (version: string, error: unknown) => void,
  now: () => number = () => performance.now(),
): (options?: { afresh: boolean }) => Promise<CurrentMapping> {
  let current: CurrentMapping | undefined;
  let lookedAt = -Infinity;
  return async (wanted) => {
    if (current !== undefined && wanted?.afresh !== true && now() - lookedAt < options.maxAgeMs) return current;
    const active = await versions.active();
    if (active === undefined) throw missing('an active pair of templates');
    const { fhirMapping: version } = active.value;
    lookedAt = now();
    if (version === current?.version) return current;
    try {
      current = { version, mapping: await load(versions, version, options) };
    } catch (error) {
      // A version that a newer release wrote may be beyond this worker: the newest valid one goes on.
      if (current === undefined) throw error;
      onUnusable(version, error);
    }
    return current;
  };
}

async function load(
  versions: TemplateVersions,
  version: string,
  options: FhirMappingOptions,
): Promise<CurrentMapping['mapping']> {
  const text = await versions.read('fhirMapping', version);
  const loaded = text === undefined ? undefined : loadFhirMapping(text, options);
  if (!loaded?.ok) throw missing(`FHIR mapping version ${version}, readable`);
  return loaded.template;
}

function missing(expected: string): IngestError {
  return new IngestError('STORE_UNAVAILABLE', `Expected ${expected} in the store`);
}
