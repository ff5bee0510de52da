import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { ConfigError, loadConfig } from '../../config/load-config.ts';
import { imageParts, isConnector } from './compose-file.ts';
import type { ComposeFile, ComposeService } from './compose-file.ts';

/** What a rule may look at besides the file. */
export interface RuleContext {
  /** The folder that the file's paths start from. */
  readonly folder: string;
  /** Whether the image that is built here checks its health by itself. */
  readonly imageHasHealthCheck: boolean;
}

type Rule = (file: ComposeFile, context: RuleContext) => string[];

/** Everything that is wrong with a compose file, each with the service and what was expected. */
export function brokenRules(file: ComposeFile, context: RuleContext): string[] {
  const rules: readonly Rule[] = [
    settingsAreKnown,
    tagsAreBuiltOnce,
    imagesArePinned,
    dependenciesCanBeMet,
    portsAreLocal,
    mountsExist,
    connectorsCanBeScaled,
  ];
  return rules.flatMap((rule) => rule(file, context));
}

/** Services of the image that is built here: the configuration itself reads their variables, names and values. */
const settingsAreKnown: Rule = ({ services }) =>
  entriesOf(services).flatMap(([name, service]) => {
    if (!isConnector(service)) return [];
    return ownProblems(service).map((problem) => `${name}: ${problem}`);
  });

function ownProblems({ environment }: ComposeService): string[] {
  const given = Object.entries(environment).map(([name, value]): [string, string] => [name, String(value ?? '')]);
  try {
    loadConfig(Object.fromEntries(given));
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return [...error.message.matchAll(/^ {2}- (.*)$/gm)].map(([, problem = '']) => problem);
  }
}

/** A version of at least two numbers: `postgres:16` is another image every quarter. */
const imagesArePinned: Rule = ({ services }) =>
  entriesOf(services).flatMap(([name, { image }]) => {
    if (image === undefined) return [`${name}: expected an image with a version`];
    const { tag } = imageParts(image);
    return /^v?\d+\.\d+/.test(tag) ? [] : [`${name}: expected a version such as 1.29.7 as the tag of ${image}`];
  });

/**
 * Compose builds side by side, and two builds of one tag get into each other's way. So one service builds it; the others
 * never fetch it, and depend on that one, so that it is built whichever of them is started.
 */
const tagsAreBuiltOnce: Rule = ({ services }) =>
  entriesOf(services).flatMap(([name, service]) => {
    const { image, pull_policy: policy } = service;
    const [builder, second] = Object.keys(services).filter((key) => {
      return services[key]?.image === image && services[key]?.build !== undefined;
    });
    if (builder === undefined) {
      const isBuiltHere = isConnector(service) || policy === 'never';
      return isBuiltHere ? [`${name}: expected a service that builds ${image ?? 'its image'}`] : [];
    }
    return [
      ...(second !== undefined && name === second ? [`${name}: builds ${image ?? ''}, which ${builder} builds`] : []),
      ...(policy === 'never' ? [] : [`${name}: expected pull_policy never: ${builder} builds its image`]),
      ...(name === builder || dependenciesOf(services, name).has(builder)
        ? []
        : [`${name}: expected to depend on ${builder}, which builds its image`]),
    ];
  });

/** Direct ones and theirs. */
function dependenciesOf(services: ComposeFile['services'], name: string, found = new Set<string>()): Set<string> {
  for (const needed of Object.keys(services[name]?.depends_on ?? {})) {
    if (found.has(needed)) continue;
    found.add(needed);
    dependenciesOf(services, needed, found);
  }
  return found;
}

const dependenciesCanBeMet: Rule = ({ services }, context) =>
  entriesOf(services).flatMap(([name, service]) =>
    Object.entries(service.depends_on).flatMap(([needed, { condition }]) => {
      const found = services[needed];
      if (found === undefined) return [`${name}: depends on ${needed}, which is no service`];
      const problem = unmetCondition(found, condition, context);
      return problem === undefined ? [] : [`${name}: ${needed} ${problem}`];
    }),
  );

function unmetCondition(
  service: ComposeService,
  condition: ComposeService['depends_on'][string]['condition'],
  { imageHasHealthCheck }: RuleContext,
): string | undefined {
  const endsByItself = service.restart === 'no' || service.restart.startsWith('on-failure');
  switch (condition) {
    case 'service_started':
      return undefined;
    case 'service_healthy':
      return hasHealthCheck(service, imageHasHealthCheck) ? undefined : 'has no health check that could be waited for';
    case 'service_completed_successfully':
      return endsByItself ? undefined : 'is started again when it has ended: it never completes';
  }
}

function hasHealthCheck(service: ComposeService, imageHasHealthCheck: boolean): boolean {
  if (service.healthcheck?.disable === true) return false;
  return service.healthcheck?.test !== undefined || (isConnector(service) && imageHasHealthCheck);
}

const portsAreLocal: Rule = ({ services }) =>
  entriesOf(services).flatMap(([name, { ports }]) =>
    ports
      .filter((port) => !/^127\.0\.0\.1:\d+:\d+$/.test(port))
      .map((port) => `${name}: expected the port ${port} on 127.0.0.1 only`),
  );

const mountsExist: Rule = ({ services, volumes }, { folder }) =>
  entriesOf(services).flatMap(([name, service]) =>
    service.volumes.flatMap((volume) => {
      const [source = ''] = volume.split(':');
      const isPath = /^[./~]/.test(source);
      if (isPath ? existsSync(resolve(folder, source)) : source in volumes) return [];
      return [`${name}: mounts ${source}, which is ${isPath ? 'not there' : 'not among the volumes'}`];
    }),
  );

/** Devices have to reach it from outside; several of it stand behind a proxy, without this port. */
const HTTP_ENDPOINT = 'http-endpoint';

/** A name or a port of its own would keep a second one from starting. */
const connectorsCanBeScaled: Rule = ({ services }) =>
  entriesOf(services).flatMap(([name, service]) => {
    const ports = name === HTTP_ENDPOINT ? [] : service.ports;
    if (!isConnector(service) || (service.container_name === undefined && ports.length === 0)) return [];
    return [`${name}: has a name or a port of its own, so that only one could run`];
  });

function entriesOf(services: ComposeFile['services']): [string, ComposeService][] {
  return Object.entries(services);
}
