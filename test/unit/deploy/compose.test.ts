import { describe, expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { parse } from 'jsonc-parser';
import { z } from 'zod';
import { environmentName, SETTINGS } from '../../../config/settings.ts';
import type { SettingName } from '../../../config/settings.ts';
import { parseComposeFile, variablesIn } from '../../../deploy/checks/compose-file.ts';
import { composeProblems, deploymentProblems } from '../../../deploy/checks/deployment-problems.ts';
import { OWN_VARIABLES } from '../../../deploy/checks/variable-rules.ts';
import { SEARCH_ATTRIBUTES } from '../../../workflows/search-attributes.ts';

const FOLDER = process.cwd();
const read = (path: string): string => readFileSync(path, 'utf8');
const COMPOSE = read('docker-compose.yml');
const DOCKERFILE = read('Dockerfile');
const { written, file } = parseComposeFile(COMPOSE);
const { services } = file;
const PACKAGE = z
  .object({ version: z.string(), devDependencies: z.object({ azurite: z.string() }) })
  .parse(JSON.parse(read('package.json')));

/** The file with one text put in place of another, which must be there. */
function changed(from: string | RegExp, to: string): string {
  const text = COMPOSE.replace(from, to);
  if (text === COMPOSE) throw new RangeError(`Expected ${String(from)} in docker-compose.yml`);
  return text;
}

test('the compose file and the Dockerfile are in order', () => {
  expect(deploymentProblems(FOLDER).problems).toEqual([]);
});

describe('the checks of the compose file find', () => {
  test.each([
    {
      name: 'a setting that is misspelt, and which was meant',
      text: changed('IOMT_FHIR_TIMEOUT:', 'IOMT_FHIR_TIMOUT:'),
      problem: 'worker: IOMT_FHIR_TIMOUT is no setting; is IOMT_FHIR_TIMEOUT meant?',
    },
    {
      name: 'a setting of one service only',
      text: changed('IOMT_SIMULATED_DEVICES:', 'IOMT_SIMULATED_DEVICE:'),
      problem: 'simulate: IOMT_SIMULATED_DEVICE is no setting; is IOMT_SIMULATED_DEVICES meant?',
    },
    {
      name: 'a default that is no value of its setting',
      text: changed('${IOMT_WINDOW:-10s}', '${IOMT_WINDOW:-10}'),
      problem: 'ingest-bridge: IOMT_WINDOW: expected a duration',
    },
    {
      name: 'a value that is none of its setting',
      text: changed('${IOMT_FHIR_URL:-http://fhir:8080/fhir}', 'fhir:8080/fhir'),
      problem: 'worker: IOMT_FHIR_URL: expected an http or https URL',
    },
    {
      name: 'a connection string of something else',
      text: changed(/\$\{IOMT_STORE_CONNECTION_STRING-[^}]*\}/, 'Endpoint=sb://somewhere'),
      problem: 'worker: IOMT_STORE_CONNECTION_STRING: expected a connection string of Azure Storage',
    },
    {
      name: 'a variable of Temporal that is misspelt',
      text: changed('TEMPORAL_ADDRESS: ${', 'TEMPORAL_ADRESS: ${'),
      problem: 'worker: TEMPORAL_ADRESS is no setting of the connector and none of the libraries in it',
    },
    {
      name: 'a variable that is none of ours',
      text: changed('IOMT_LOG_LEVEL:', 'LOG_LEVEL:'),
      problem: 'worker: LOG_LEVEL is no setting of the connector and none of the libraries in it',
    },
    {
      name: 'a setting that takes another variable',
      text: changed('${IOMT_FHIR_URL:-', '${IOMT_FIR_URL:-'),
      problem: 'worker: IOMT_FHIR_URL: expected ${IOMT_FHIR_URL…}, not ${IOMT_FIR_URL…}',
    },
    {
      name: 'a setting that takes that of another setting',
      text: changed('${IOMT_WINDOW:-10s}', '${IOMT_IDLE_AFTER:-10s}'),
      problem: 'worker: IOMT_WINDOW: expected ${IOMT_WINDOW…}, not ${IOMT_IDLE_AFTER…}',
    },
    {
      name: 'a variable of Temporal that takes another, in an image of others',
      text: changed(/(set-up-namespace[^]*?TEMPORAL_NAMESPACE: \$\{)TEMPORAL_NAMESPACE/, '$1TEMPORAL_NAMESPCE'),
      problem: 'temporal-namespace: TEMPORAL_NAMESPACE: expected ${TEMPORAL_NAMESPACE…}, not ${TEMPORAL_NAMESPCE…}',
    },
    {
      name: 'a port that is taken from a variable nobody knows',
      text: changed("'127.0.0.1:${FHIR_PORT:-8080}", "'127.0.0.1:${FIR_PORT:-8080}"),
      problem: '${FIR_PORT} is no setting and no variable of this file',
    },
    {
      name: 'a folder that is taken from a variable nobody knows',
      text: changed('${TEMPLATES_FOLDER:-', '${TEMPLATE_FOLDER:-'),
      problem: '${TEMPLATE_FOLDER} is no setting and no variable of this file',
    },
    {
      name: 'a password that is taken from a variable nobody knows',
      text: changed(
        'spring.datasource.password: ${POSTGRES_PASSWORD',
        'spring.datasource.password: ${POSTGRES_PASWORD',
      ),
      problem: '${POSTGRES_PASWORD} is no setting and no variable of this file',
    },
    {
      name: "a variable of the emulator's that is misspelt",
      text: changed('BLOB_SERVER:', 'BLOB_SERVR:'),
      problem: 'eventhubs-emulator: BLOB_SERVR is not among the known variables of mcr.microsoft.com/azure-messaging/',
    },
    {
      name: "a variable of Temporal's server that is misspelt",
      text: changed('POSTGRES_SEEDS:', 'POSTGRES_SEED:'),
      problem: 'temporal: POSTGRES_SEED is not among the known variables of temporalio/server',
    },
    {
      name: "a variable of the FHIR server's that is misspelt",
      text: changed('hapi.fhir.fhir_version:', 'hapi.fhir.version:'),
      problem: 'fhir: hapi.fhir.version is not among the known variables of hapiproject/hapi',
    },
    {
      name: 'a variable that must be given, and would stop every command',
      text: changed('${ACCEPT_EULA:-}', '${ACCEPT_EULA:?words}'),
      problem: 'Expected ${NAME}, ${NAME:-default} or $$, at ${',
    },
    {
      name: 'a tag that is built twice',
      text: changed('command: [worker]', 'command: [worker]\n    build: .'),
      problem: 'worker: builds iomt-fhir-connector:0.1.0, which demo-templates builds',
    },
    {
      name: 'a tag that every service of it builds',
      text: changed('pull_policy: never', 'pull_policy: never\n  build: .'),
      problem: 'demo-templates: builds iomt-fhir-connector:0.1.0, which await-servers builds',
    },
    {
      name: 'a tag that nobody builds',
      text: changed('    build: .\n', ''),
      problem: 'worker: expected a service that builds iomt-fhir-connector:0.1.0',
    },
    {
      name: 'a tag that is another than the one that is built',
      text: changed('command: [worker]', 'command: [worker]\n    image: iomt-fhir-connector:0.1.1'),
      problem: 'worker: expected a service that builds iomt-fhir-connector:0.1.1',
    },
    {
      name: 'an image of ours that would be fetched',
      text: changed('  pull_policy: never\n', ''),
      problem: 'worker: expected pull_policy never: demo-templates builds its image',
    },
    {
      name: 'a service that can be started without the one that builds its image',
      text: changed(/( {2}await-servers:[^]*?depends_on:\n) {6}demo-templates: .*\n/, '$1'),
      problem: 'await-servers: expected to depend on demo-templates, which builds its image',
    },
    {
      name: 'an image without a version',
      text: changed('temporalio/ui:2.42.1', 'temporalio/ui'),
      problem: 'temporal-ui: expected a version such as 1.29.7 as the tag of temporalio/ui',
    },
    {
      name: 'the latest image',
      text: changed('postgres:16.15-alpine', 'postgres:latest'),
      problem: 'postgres: expected a version such as 1.29.7 as the tag of postgres:latest',
    },
    {
      name: 'an image that changes with every release',
      text: changed('postgres:16.15-alpine', 'postgres:16-alpine'),
      problem: 'postgres: expected a version such as 1.29.7 as the tag of postgres:16-alpine',
    },
    {
      name: 'a health check that others wait for and that is missing',
      text: changed(/ {4}healthcheck:\n {6}test: \[CMD, nc[^]*?start_period: 60s\n/, ''),
      problem: 'temporal-ui: temporal has no health check that could be waited for',
    },
    {
      name: 'a health check that is disabled',
      text: changed('command: [worker]', 'command: [worker]\n    healthcheck: { disable: true }'),
      problem: 'simulate: worker has no health check that could be waited for',
    },
    {
      name: 'a wait for the end of what never ends',
      text: changed('restart: on-failure\n  healthcheck', 'restart: always\n  healthcheck'),
      problem: 'worker: await-servers is started again when it has ended: it never completes',
    },
    {
      name: 'a dependency that is no service',
      text: changed('      azurite: { condition', '      azurit: { condition'),
      problem: 'eventhubs-emulator: depends on azurit, which is no service',
    },
    {
      name: 'a port for everybody',
      text: changed("'127.0.0.1:${FHIR_PORT:-8080}:8080'", "'${FHIR_PORT:-8080}:8080'"),
      problem: 'fhir: expected the port 8080:8080 on 127.0.0.1 only',
    },
    {
      name: 'a file that is not there',
      text: changed('./deploy/event-hubs/Config.json', './deploy/event-hubs/config.json'),
      problem: 'eventhubs-emulator: mounts ./deploy/event-hubs/config.json, which is not there',
    },
    {
      name: 'a volume that is not declared',
      text: changed('- azurite:/data', '- azure:/data'),
      problem: 'azurite: mounts azure, which is not among the volumes',
    },
    {
      name: 'a name that keeps a second worker from starting',
      text: changed('command: [worker]', 'command: [worker]\n    container_name: worker'),
      problem: 'worker: has a name or a port of its own, so that only one could run',
    },
  ])('$name', ({ text, problem }) => {
    expect(composeProblems(text, FOLDER, DOCKERFILE)).toContainEqual(expect.stringContaining(problem));
  });

  test.each([
    { name: 'a member that the specification does not know', text: changed('shm_size: 128m', 'shmsize: 128m') },
    { name: 'a condition that it does not know', text: changed(/service_healthy/, 'service_ready') },
    {
      name: 'a notation of variables that is none',
      text: changed("'127.0.0.1:${FHIR_PORT:-8080}:8080'", "'127.0.0.1:${FHIR_PORT:8080}:8080'"),
    },
    { name: 'text that is no YAML', text: changed('services:', 'services: ][') },
  ])('$name', ({ text }) => {
    expect(composeProblems(text, FOLDER, DOCKERFILE)).not.toEqual([]);
  });
});

describe('the compose file agrees with', () => {
  test('the settings: each one that is not about embedded servers can be given', () => {
    // For the codec server, which is no service of the file.
    const codec = ['codecHost', 'codecPort', 'codecTokens', 'codecOrigins'] as const;
    const elsewhere: readonly SettingName[] = ['dataDir', 'bridgePort', 'workerPort', 'httpPort', ...codec];
    const wanted = (Object.keys(SETTINGS) as SettingName[])
      .filter((name) => SETTINGS[name].group !== 'Embedded servers' && !elsewhere.includes(name))
      .map(environmentName);
    const given = Object.keys(services['ingest-bridge']?.environment ?? {});
    expect(given.filter((name) => name.startsWith('IOMT_')).sort()).toEqual(wanted.sort());
  });

  test('the configuration of the Event Hubs emulator', () => {
    const Hubs = z.object({ Name: z.string(), ConsumerGroups: z.array(z.object({ Name: z.string() })) });
    const Config = z.object({
      UserConfig: z.object({ NamespaceConfig: z.array(z.object({ Entities: z.array(Hubs) })) }),
    });
    const [namespace] = Config.parse(parse(read('deploy/event-hubs/Config.json'))).UserConfig.NamespaceConfig;
    const { environment } = services['ingest-bridge']!;
    const hub = namespace?.Entities.find(({ Name }) => Name === environment['IOMT_EVENT_HUB_NAME']);
    expect(hub?.ConsumerGroups.map(({ Name }) => Name)).toContain(environment['IOMT_CONSUMER_GROUP']);
  });

  test('the search attributes of the workflows', () => {
    const script = read('deploy/temporal/set-up-namespace.sh');
    const added = [...script.matchAll(/--name (\w+) --type (\w+)/g)].map(([, name, type]) => [
      name,
      type?.toUpperCase(),
    ]);
    expect(added.sort()).toEqual(SEARCH_ATTRIBUTES.map(({ name, type }) => [name, type]).sort());
  });

  test('the versions of package.json: our own, and Azurite, on which the store is tested', () => {
    expect(services['worker']?.image).toBe(`iomt-fhir-connector:${PACKAGE.version}`);
    expect(services['azurite']?.image).toMatch(new RegExp(`:${PACKAGE.devDependencies.azurite}$`));
  });

  test('its page: every variable it takes that is no setting is told there, and used', () => {
    const page = read('docs/deployment.md');
    const taken = variablesIn(written);
    expect(OWN_VARIABLES.filter((name) => !page.includes(`\`${name}\``) || !taken.has(name))).toEqual([]);
  });

  test('its page: a back-up is made while nothing writes', () => {
    const [, section = ''] = read('docs/deployment.md').split('## Volumes and back-up');
    const stopped = /^docker compose stop (.*)$/m.exec(section)?.[1]?.split(' ') ?? [];
    // What the emulator keeps in the store is gone with its next start anyway.
    const writing = Object.entries(services).filter(
      ([name, { depends_on: needs, restart }]) =>
        restart === 'unless-stopped' && ('postgres' in needs || 'azurite' in needs) && name !== 'eventhubs-emulator',
    );
    expect(stopped).toEqual(expect.arrayContaining(['temporal', ...writing.map(([name]) => name)]));
    expect(section).toMatch(/psql .*< postgres\.sql/);
  });
});
