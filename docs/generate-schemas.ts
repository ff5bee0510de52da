import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { deviceContentSchema } from '../templates/device-content/content-schema.ts';
import { fhirMappingSchema } from '../templates/fhir-mapping/mapping-schema.ts';

const FOLDER = join(import.meta.dirname, '../schemas');

/** The JSON Schemas for editors, by file name. */
export const SCHEMAS = {
  'devicecontent.schema.json': deviceContentSchema(),
  'fhirmapping.schema.json': fhirMappingSchema(),
};

if (import.meta.main) {
  const { format } = await import('prettier');
  mkdirSync(FOLDER, { recursive: true });
  for (const [name, schema] of Object.entries(SCHEMAS)) {
    const text = await format(JSON.stringify(schema), { parser: 'json', printWidth: 120 });
    writeFileSync(join(FOLDER, name), text);
  }
}
