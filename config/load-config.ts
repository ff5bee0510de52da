import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { parse, printParseErrorCode } from 'jsonc-parser';
import type { ParseError } from 'jsonc-parser';
import { z } from 'zod';
import { Duration, durationText, PositiveDuration } from './duration.ts';
import type { Config, SettingName } from './settings.ts';
import { environmentName, SETTINGS } from './settings.ts';
import { faultsText } from './simulated-faults.ts';
import { OperatorError } from '../core/operator-error.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** Lists everything that is wrong with the configuration, each with its name and what was expected. */
export class ConfigError extends OperatorError {
  override readonly name = 'ConfigError';
  constructor(problems: readonly string[]) {
    super(`The configuration cannot be used:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`);
  }
}

/** Names a configuration file (JSON, comments allowed); the environment goes before it. */
const FILE_VARIABLE = 'IOMT_CONFIG_FILE';

/** Where the running embedded servers can be reached; written by `npm start` into the data folder. */
export const EmbeddedAddresses = z.object({
  temporalAddress: z.string(),
  temporalUiUrl: z.string().exactOptional(),
  /** Absent where the hub is a real one that is opened with Entra ID. */
  eventHubConnectionString: z.string().exactOptional(),
  fhirUrl: z.string(),
});
export type EmbeddedAddresses = z.infer<typeof EmbeddedAddresses>;

/** The configuration of this process, from its environment. @throws ConfigError */
export function loadConfig(environment: Environment = process.env): Config {
  const problems = unknownVariables(environment);
  const written = { ...fileSettings(environment[FILE_VARIABLE], problems), ...environmentSettings(environment) };
  const values: Partial<Record<SettingName, unknown>> = {};
  for (const name of settingNames()) {
    const value = readSetting(name, written[name], problems);
    if (value !== undefined) values[name] = value;
  }
  problems.push(...contradictions(values));
  if (problems.length > 0) throw new ConfigError(problems);
  return values as Config;
}

/** Two ways to the same thing: whichever was taken, somebody would have meant the other. */
const EITHER_OR: readonly (readonly [SettingName, SettingName])[] = [
  ['eventHubConnectionString', 'eventHubNamespace'],
  ['storeConnectionString', 'storeAccountUrl'],
];

function contradictions(values: Partial<Record<SettingName, unknown>>): string[] {
  const both = EITHER_OR.filter(([one, other]) => values[one] !== undefined && values[other] !== undefined);
  return both.map(([one, other]) => {
    return `${environmentName(one)} and ${environmentName(other)} are both set: expected one of them, or none`;
  });
}

/** The settings that somebody has given, in the environment or in a file; the others are defaults. */
export function givenSettings(environment: Environment = process.env): ReadonlySet<SettingName> {
  const written = { ...fileSettings(environment[FILE_VARIABLE], []), ...environmentSettings(environment) };
  return new Set(settingNames().filter((name) => written[name] !== undefined));
}

/** The addresses of embedded servers that a running `npm start` has left for the other commands. */
export function readEmbeddedAddresses(config: Config): EmbeddedAddresses | undefined {
  const file = embeddedAddressesFile(config);
  if (!existsSync(file)) return undefined;
  const parsed = EmbeddedAddresses.safeParse(parse(readFileSync(file, 'utf8')));
  if (!parsed.success) throw new ConfigError([`${file} does not hold the addresses of embedded servers: remove it`]);
  return parsed.data;
}

export function embeddedAddressesFile(config: Pick<Config, 'dataDir'>): string {
  return join(config.dataDir, 'embedded.json');
}

/** The value of a setting that a part cannot do without. @throws ConfigError */
export function requireSetting<Name extends SettingName>(config: Config, name: Name): NonNullable<Config[Name]> {
  const value = config[name];
  if (value === undefined) {
    throw new ConfigError([
      `${environmentName(name)} is not set, and no local system is running: start it (npm start), or set it`,
    ]);
  }
  return value;
}

/** The environment for a child process: ours, with what the child is to have otherwise. */
export function childEnvironment(overrides: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv {
  return { ...process.env, ...overrides };
}

/** Every setting as it is in force, secrets masked; for `--print-config`. */
export function printableConfig(config: Config): Record<string, unknown> {
  const entries = settingNames().map((name): [string, unknown] => {
    const value: unknown = config[name];
    if (value === undefined) return [environmentName(name), null];
    if (name === 'simulatedFaults') return [environmentName(name), faultsText(config[name])];
    if ('secret' in SETTINGS[name]) return [environmentName(name), '(set, not shown)'];
    if (Array.isArray(value)) return [environmentName(name), value.join(',')];
    if (value instanceof Map) {
      const pairs = [...(value as ReadonlyMap<string, number>)].map(([type, ms]) => `${type}=${durationText(ms)}`);
      return [environmentName(name), pairs.join(',')];
    }
    return [environmentName(name), isDuration(name) ? durationText(Number(value)) : value];
  });
  return Object.fromEntries(entries);
}

/** Settings whose schema turns `5s` into 5000. */
function isDuration(name: SettingName): boolean {
  return SETTINGS[name].schema === Duration || SETTINGS[name].schema === PositiveDuration;
}

export function settingNames(): SettingName[] {
  return Object.keys(SETTINGS) as SettingName[];
}

function readSetting(name: SettingName, written: string | undefined, problems: string[]): unknown {
  const { schema, default: fallback } = SETTINGS[name] as { schema: z.ZodType<unknown, string>; default?: string };
  const value = written ?? fallback;
  if (value === undefined) return undefined;
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  // What was found is left out: it may be a secret in the wrong place.
  const expected = parsed.error.issues.map((issue) => issue.message).join(', ');
  problems.push(`${environmentName(name)}: ${expected}`);
  return undefined;
}

function environmentSettings(environment: Environment): Partial<Record<SettingName, string>> {
  const entries = settingNames().map((name) => [name, environment[environmentName(name)]] as const);
  // An empty variable is how compose files say "not set".
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined && value !== ''));
}

function unknownVariables(environment: Environment): string[] {
  const known = new Set([FILE_VARIABLE, ...settingNames().map(environmentName)]);
  const unknown = Object.keys(environment).filter((name) => name.startsWith('IOMT_') && !known.has(name));
  return unknown.map((name) => `${name} is no setting${suggestion(name, [...known])}`);
}

function fileSettings(file: string | undefined, problems: string[]): Partial<Record<SettingName, string>> {
  if (file === undefined || file === '') return {};
  if (!existsSync(file) || !statSync(file).isFile()) {
    problems.push(`${FILE_VARIABLE} names no file that is there`);
    return {};
  }
  const errors: ParseError[] = [];
  const text = readFileSync(file, 'utf8');
  const content: unknown = parse(text, errors, { allowTrailingComma: true });
  const [error] = errors;
  if (error !== undefined) {
    const before = text.slice(0, error.offset).split('\n');
    const place = `${before.length}:${(before.at(-1) ?? '').length + 1}`;
    problems.push(`${file}:${place} ${printParseErrorCode(error.error)}`);
  }
  const entries = z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).safeParse(content);
  if (!entries.success) {
    problems.push(`${file}: expected an object of settings, each a text or a number`);
    return {};
  }
  for (const name of Object.keys(entries.data).filter((key) => !Object.hasOwn(SETTINGS, key))) {
    problems.push(`${file}: ${name} is no setting${suggestion(name, settingNames())}`);
  }
  return Object.fromEntries(Object.entries(entries.data).map(([name, value]) => [name, String(value)]));
}

/** The known name that is nearest to a misspelt one, when it is near enough to be meant. */
function suggestion(found: string, known: readonly string[]): string {
  const nearest = known
    .map((name) => ({ name, distance: editDistance(found, name) }))
    .sort((a, b) => a.distance - b.distance)[0];
  return nearest !== undefined && nearest.distance <= 3 ? `; is ${nearest.name} meant?` : '';
}

function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (previous[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      row.push(Math.min(replaced, (previous[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1));
    }
    previous = row;
  }
  return previous[b.length] ?? 0;
}
