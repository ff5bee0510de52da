import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { childEnvironment } from '../../../config/load-config.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'iomt-namespace-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

function writeCommand(name: string, script: string): void {
  writeFileSync(join(folder, name), `#!/bin/sh\n${script}\n`);
  chmodSync(join(folder, name), 0o755);
}

/** With commands of Temporal's that fail so many times first, which a real server does only by chance. */
function setUp(failures: { health: number; attributes: number }): { status: number | null; stderr: string } {
  writeCommand('sleep', 'exit 0');
  writeCommand(
    'temporal',
    `case "$2 $3" in
      "cluster health") allowed=${failures.health} ;;
      "search-attribute create") allowed=${failures.attributes} ;;
      *) exit 0 ;;
    esac
    echo >> '${folder}'/"$2"
    [ "$(wc -l < '${folder}'/"$2")" -gt "$allowed" ]`,
  );
  const env = childEnvironment({ PATH: `${folder}:${process.env['PATH'] ?? ''}` });
  return spawnSync('sh', ['deploy/temporal/set-up-namespace.sh'], { env, encoding: 'utf8' });
}

const attemptsAt = (command: string): number => readFileSync(join(folder, command), 'utf8').length;

test('a server that is long in coming leaves as much patience for the namespace', () => {
  expect(setUp({ health: 59, attributes: 59 })).toMatchObject({ status: 0 });
});

test.each([
  { failures: { health: 60, attributes: 0 }, command: 'cluster', words: 'has not become healthy' },
  {
    failures: { health: 0, attributes: 60 },
    command: 'search-attribute',
    words: 'search attributes could not be added',
  },
])('patience has an end, and says of what: $command', ({ failures, command, words }) => {
  const { status, stderr } = setUp(failures);
  expect(status).toBe(1);
  expect(stderr).toContain(words);
  expect(attemptsAt(command)).toBe(60);
});
