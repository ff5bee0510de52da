import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { childEnvironment } from '../../config/load-config.ts';

interface Linter {
  lintFiles(
    files: readonly string[],
    isRecursive: boolean,
  ): { readonly messages: readonly { readonly line: number; readonly rule: string; readonly message: string }[] }[];
}

interface LinterOptions {
  readonly rules: Readonly<Record<string, 0>>;
  readonly quiet: boolean;
  readonly debug: boolean;
  readonly exclude: readonly string[];
}

/** Required, not imported: the types that come with it cannot be resolved by the rules of modules. */
const { DCLinter } = createRequire(import.meta.url)('dclint') as { DCLinter: new (options: LinterOptions) => Linter };

/** Rules of taste about order; services stand in the order of their start here. */
const OFF = [
  'service-dependencies-alphabetical-order',
  'service-keys-order',
  'service-ports-alphabetical-order',
  'services-alphabetical-order',
  'top-level-properties-order',
];

/** What a linter finds, which validates the file against the schema of the compose specification. */
export function lintCompose(text: string): string[] {
  const folder = mkdtempSync(join(tmpdir(), 'iomt-compose-'));
  try {
    const file = join(folder, 'docker-compose.yml');
    writeFileSync(file, text);
    const rules = Object.fromEntries(OFF.map((name) => [name, 0 as const]));
    const results = new DCLinter({ rules, quiet: false, debug: false, exclude: [] }).lintFiles([file], false);
    return results.flatMap(({ messages }) => messages.map(({ line, rule, message }) => `${line}: ${rule}: ${message}`));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** What `docker compose config` has against the file; undefined where Docker Compose is not installed. */
export function dockerComposeProblems(folder: string): string[] | undefined {
  if (spawnSync('docker', ['compose', 'version'], { stdio: 'ignore' }).status !== 0) return undefined;
  const { status, stderr } = spawnSync('docker', ['compose', '--profile', '*', 'config', '--quiet'], {
    cwd: folder,
    env: childEnvironment(),
    encoding: 'utf8',
  });
  return status === 0 ? [] : [stderr.trim()];
}
