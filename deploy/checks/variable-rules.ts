import { loadClientConnectConfig } from '@temporalio/envconfig';
import { environmentName, SETTINGS } from '../../config/settings.ts';
import type { SettingName } from '../../config/settings.ts';
import { imageParts, isConnector, variablesIn } from './compose-file.ts';
import type { ComposeFile, ComposeService } from './compose-file.ts';

/** What the file takes from its environment besides settings; docs/deployment.md names each. */
export const OWN_VARIABLES: readonly string[] = [
  'ACCEPT_EULA',
  'TEMPLATES_FOLDER',
  'POSTGRES_PASSWORD',
  'TEMPORAL_PORT',
  'TEMPORAL_UI_PORT',
  'EVENT_HUB_PORT',
  'FHIR_PORT',
  'HTTP_PORT',
];

/** What the libraries of the connector read by themselves: who it is towards Azure, and the proxy on the way there. */
const VARIABLES_OF_LIBRARIES: readonly string[] = [
  'AZURE_TENANT_ID',
  'AZURE_CLIENT_ID',
  'AZURE_CLIENT_SECRET',
  'NODE_USE_ENV_PROXY',
  'HTTPS_PROXY',
  'NO_PROXY',
];

/** The variables that are given to the images of others, as their makers or our scripts in them name them. */
const VARIABLES_OF_IMAGES: Readonly<Record<string, readonly string[]>> = {
  postgres: ['POSTGRES_USER', 'POSTGRES_PASSWORD'],
  'temporalio/admin-tools': [
    'SQL_HOST',
    'SQL_PORT',
    'SQL_USER',
    'SQL_PASSWORD',
    'TEMPORAL_ADDRESS',
    'TEMPORAL_NAMESPACE',
  ],
  'temporalio/server': [
    'DB',
    'DB_PORT',
    'POSTGRES_SEEDS',
    'POSTGRES_USER',
    'POSTGRES_PWD',
    'BIND_ON_IP',
    'NUM_HISTORY_SHARDS',
    'DYNAMIC_CONFIG_FILE_PATH',
  ],
  'temporalio/ui': ['TEMPORAL_ADDRESS', 'TEMPORAL_CSRF_COOKIE_INSECURE'],
  'mcr.microsoft.com/azure-messaging/eventhubs-emulator': ['ACCEPT_EULA', 'BLOB_SERVER', 'METADATA_SERVER'],
  'hapiproject/hapi': [
    'hapi.fhir.fhir_version',
    'spring.datasource.url',
    'spring.datasource.username',
    'spring.datasource.password',
    'spring.datasource.driverClassName',
    'spring.jpa.properties.hibernate.dialect',
    'JAVA_TOOL_OPTIONS',
  ],
};

/** What is misspelt among the variables of a compose file as it is written: those it gives, and those it takes. */
export function misspeltVariables(written: ComposeFile): string[] {
  const settings = new Set((Object.keys(SETTINGS) as SettingName[]).map(environmentName));
  const known = new Set([...settings, ...temporalVariables(), ...VARIABLES_OF_LIBRARIES]);
  const own = new Set([...known, ...OWN_VARIABLES]);
  const taken = [...variablesIn(written)].filter((name) => !own.has(name));
  return [
    ...taken.map((name) => `\${${name}} is no setting and no variable of this file`),
    ...Object.entries(written.services).flatMap(([name, service]) =>
      [...misspeltNames(service, known), ...misspeltValues(service, known)].map((problem) => `${name}: ${problem}`),
    ),
  ];
}

function misspeltNames(service: ComposeService, known: ReadonlySet<string>): string[] {
  const names = Object.keys(service.environment);
  if (isConnector(service)) {
    // The configuration has a word of its own for a setting that is misspelt.
    const foreign = names.filter((name) => !name.startsWith('IOMT_') && !known.has(name));
    return foreign.map((name) => `${name} is no setting of the connector and none of the libraries in it`);
  }
  const { name: image } = imageParts(service.image);
  const foreign = names.filter((name) => !(VARIABLES_OF_IMAGES[image] ?? []).includes(name));
  return foreign.map((name) => `${name} is not among the known variables of ${image}`);
}

/** Whoever sets a setting in the environment means the one of that name. */
function misspeltValues({ environment }: ComposeService, known: ReadonlySet<string>): string[] {
  return Object.entries(environment).flatMap(([key, value]) => {
    if (!known.has(key)) return [];
    const others = [...variablesIn(value)].filter((name) => name !== key);
    return others.map((name) => `${key}: expected \${${key}…}, not \${${name}…}`);
  });
}

/** The variables that Temporal's own configuration asks for, heard by asking it. */
function temporalVariables(): ReadonlySet<string> {
  const asked = new Set<string>();
  const listening = new Proxy<Record<string, string>>(
    {},
    {
      get(_, name): undefined {
        asked.add(String(name));
      },
    },
  );
  loadClientConnectConfig({ overrideEnvVars: listening });
  return new Set([...asked].filter((name) => name.startsWith('TEMPORAL_')));
}
