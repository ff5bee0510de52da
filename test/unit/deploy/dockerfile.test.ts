import { describe, expect, test } from '@jest/globals';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { z } from 'zod';
import { baseImages, dockerfileProblems } from '../../../deploy/checks/dockerfile-rules.ts';

const DOCKERFILE = readFileSync('Dockerfile', 'utf8');
const { dependencies: DEPENDENCIES } = z
  .object({ dependencies: z.record(z.string(), z.string()) })
  .parse(JSON.parse(readFileSync('package.json', 'utf8')));

describe('the checks of the Dockerfile find', () => {
  test.each([
    { name: 'an instruction that is misspelt', from: 'WORKDIR', to: 'WROKDIR', problem: 'Unknown instruction' },
    { name: 'a base image without a version', from: /:24\S+/g, to: '', problem: 'expected a version' },
    { name: 'a base image that changes', from: /:24\S+/g, to: ':24-slim', problem: 'expected a version' },
    { name: 'an image that runs as root', from: 'USER node', to: '', problem: 'expected a USER' },
    { name: 'root by its number', from: 'USER node', to: 'USER 0', problem: 'expected a USER' },
    { name: 'no health check', from: /HEALTHCHECK.*/, to: '', problem: 'expected a HEALTHCHECK' },
    { name: 'two commands', from: /$/, to: 'CMD ["worker"]\n', problem: 'only be one CMD' },
    { name: 'a folder that depends on another', from: 'WORKDIR /app', to: 'WORKDIR app', problem: 'absolute' },
  ])('$name', ({ from, to, problem }) => {
    const text = DOCKERFILE.replace(from, to);
    expect(text).not.toBe(DOCKERFILE);
    expect(dockerfileProblems(text)).toContainEqual(expect.stringContaining(problem));
  });
});

test('the image has the Node that package.json brings elsewhere', () => {
  for (const image of baseImages(DOCKERFILE)) expect(image).toMatch(`node:${DEPENDENCIES['node'] ?? ''}-`);
});

describe('the image holds', () => {
  const folders = readFileSync('.dockerignore', 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('!'))
    .map((line) => line.slice(1));
  const imports = importsFrom(['cli/iomt-fhir.js', 'cli/main.ts', ...deployPrograms()]);

  test('every file that what runs in it imports', () => {
    const isHeld = (file: string): boolean =>
      folders.some((folder) =>
        folder === 'deploy/*.ts' ? /^deploy\/[^/]+\.ts$/.test(file) : `${file}/`.startsWith(`${folder}/`),
      );
    expect([...imports.files].filter((file) => !isHeld(file))).toEqual([]);
    expect(imports.files.size).toBeGreaterThan(150);
  });

  test('every package that it imports: none is for development only', () => {
    const runtime = new Set(Object.keys(DEPENDENCIES));
    expect([...imports.packages].filter((name) => !runtime.has(name))).toEqual([]);
  });
});

/** The programs that the Dockerfile and the compose file start besides the command line. */
function deployPrograms(): string[] {
  const text = `${DOCKERFILE}${readFileSync('docker-compose.yml', 'utf8')}`;
  return [...new Set([...text.matchAll(/deploy\/[\w-]+\.ts/g)].map(([file]) => file))];
}

/** Every file that is reached by imports that run, those made on demand too, and every package. */
function importsFrom(entries: readonly string[]): { files: Set<string>; packages: Set<string> } {
  const files = new Set<string>();
  const packages = new Set<string>();
  const visit = (file: string): void => {
    if (files.has(file)) return;
    expect(existsSync(file)).toBe(true);
    files.add(file);
    const text = readFileSync(file, 'utf8').replace(/^(import|export) type [^;]*;/gm, '');
    for (const [, name = ''] of text.matchAll(/(?:\bfrom|\bimport\(?)\s*'([^']+)'/g)) {
      if (name.startsWith('.')) visit(relative('.', join(dirname(file), name)));
      else if (!name.startsWith('node:')) packages.add(packageOf(name));
    }
  };
  entries.forEach(visit);
  return { files, packages };
}

function packageOf(name: string): string {
  return name.split('/', name.startsWith('@') ? 2 : 1).join('/');
}
