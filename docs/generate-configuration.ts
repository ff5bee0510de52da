import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { settingNames } from '../config/load-config.ts';
import { environmentName, SETTINGS } from '../config/settings.ts';
import type { SettingName } from '../config/settings.ts';

const FILE = join(import.meta.dirname, 'configuration.md');

const HEAD = `# Configuration

<!-- Written by docs/generate-configuration.ts from config/settings.ts. Change the settings there, then run it. -->

Every process reads the same settings: from its environment, and from a file where one is named. The environment goes
before the file, the file before the defaults. A setting that is misspelt, unknown or not usable stops the start; all
that is wrong is told at once. An empty variable counts as not set.

\`npm run cli -- --print-config\` prints what is in force, secrets masked.

## The file

\`IOMT_CONFIG_FILE\` names a JSON file with one object of settings, each a text, a number or a boolean. Comments and
trailing commas are allowed. Names are those in parentheses below; values are written as in the environment:

\`\`\`json
{ "window": "1m", "fhirUrl": "https://fhir.example.org/r4" }
\`\`\`

A duration is a number with its unit: \`500ms\`, \`5s\`, \`10m\`, \`1h\`, \`8d\`.

## Temporal

How Temporal is reached is said by Temporal's own environment configuration, which its command line and SDKs share:

- \`TEMPORAL_ADDRESS\`: host and port of the frontend; while \`npm start\` runs, the embedded server's is the default
- \`TEMPORAL_NAMESPACE\`: the namespace, \`default\` when not set
- \`TEMPORAL_API_KEY\`: an API key, as Temporal Cloud takes it
- \`TEMPORAL_TLS\`, and \`TEMPORAL_TLS_…\` for certificates, keys and the server's name
- \`TEMPORAL_PROFILE\` and \`TEMPORAL_CONFIG_FILE\`: a profile of a configuration file

[Temporal's documentation](https://docs.temporal.io/develop/environment-configuration) lists them all. With
\`TEMPORAL_ADDRESS\` set (or an address in the profile), \`npm start\` starts no Temporal server of its own.

## OpenTelemetry

Whether and where metrics are pushed over OTLP is said by OpenTelemetry's own variables, \`OTEL_EXPORTER_OTLP_ENDPOINT\`
above all: [metrics](metrics.md#opentelemetry).

## What \`npm start\` sets otherwise

Where they are not given, \`npm start\` uses a window of 10 seconds and a first slow retry after 15 seconds, so that
something is to be seen at once; takes a free port where a default one is taken; and writes a pair of template files into
the data folder, joined from the samples. Parts whose address is not given are embedded.
`;

/** The page on configuration, as Markdown. */
export function configurationPage(): string {
  const groups = Map.groupBy(settingNames(), (name) => SETTINGS[name].group);
  const sections = [...groups].map(([group, names]) => `## ${group}\n\n${names.map(describeSetting).join('\n')}`);
  return [HEAD, ...sections].join('\n');
}

function describeSetting(name: SettingName): string {
  const setting = SETTINGS[name];
  const facts = [`Takes ${accepted(name)}`, defaultOf(name), ...('secret' in setting ? ['secret, never printed'] : [])];
  return `### ${environmentName(name)}\n\n(\`${name}\`) ${setting.description}\n\n${facts.join('; ')}.\n`;
}

function defaultOf(name: SettingName): string {
  const setting = SETTINGS[name];
  if (!('default' in setting)) return 'no default';
  return setting.default === '' ? 'empty by default' : `default \`${setting.default}\``;
}

/** In the words with which a setting refuses what it cannot take. */
function accepted(name: SettingName): string {
  const { schema } = SETTINGS[name];
  const [issue] = schema.safeParse('=').error?.issues ?? [];
  return `${issue?.message.replace(/^expected /, '') ?? 'a text'}${bounds(schema)}`;
}

function bounds(schema: z.ZodType): string {
  const { minimum, maximum } = z.toJSONSchema(schema, { io: 'output', unrepresentable: 'any' });
  return minimum === undefined || maximum === undefined ? '' : ` from ${minimum} to ${maximum}`;
}

if (import.meta.main) writeFileSync(FILE, configurationPage());
