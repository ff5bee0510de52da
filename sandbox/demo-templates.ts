import { parse } from 'jsonc-parser';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';

const SAMPLES = fileURLToPath(new URL('../templates/samples/', import.meta.url));
const Collection = z.object({ templateType: z.string(), template: z.array(z.unknown()) });

/** Files to run with, and to edit: a change is taken in, or refused, while everything runs. */
export interface DemoTemplates {
  readonly deviceContentFile: string;
  readonly fhirMappingFile: string;
}

/** Joins the samples into one pair of files, where there is none yet: what somebody has edited stays. */
export function writeDemoTemplates(folder: string): DemoTemplates {
  mkdirSync(folder, { recursive: true });
  return {
    deviceContentFile: writeOnce(join(folder, 'devicecontent.json'), 'devicecontent.json'),
    fhirMappingFile: writeOnce(join(folder, 'fhirmapping.json'), 'fhirmapping.json'),
  };
}

function writeOnce(file: string, name: Parameters<typeof joinedSamples>[0]): string {
  if (!existsSync(file)) writeFileSync(file, `${JSON.stringify(joinedSamples(name), null, 2)}\n`);
  return file;
}

/** The templates of all samples in one collection. */
export function joinedSamples(name: 'devicecontent.json' | 'fhirmapping.json'): z.infer<typeof Collection> {
  const files = readdirSync(SAMPLES)
    .sort()
    .map((sample) => join(SAMPLES, sample, name));
  const collections = files.map((file) => Collection.parse(parse(readFileSync(file, 'utf8'))));
  const templateType = collections[0]?.templateType;
  if (templateType === undefined) throw new RangeError('Expected at least one sample');
  return { templateType, template: collections.flatMap((collection) => collection.template) };
}
