import { parse } from 'yaml';
import { z } from 'zod';

const Scalar = z.union([z.string(), z.number(), z.boolean(), z.null()]);
const Condition = z.enum(['service_started', 'service_healthy', 'service_completed_successfully']);

/** The members of a service that the checks look at, in the one notation that the file uses for each. */
const Service = z.looseObject({
  image: z.string().optional(),
  build: z.unknown().optional(),
  pull_policy: z.string().optional(),
  container_name: z.string().optional(),
  environment: z.record(z.string(), Scalar).default({}),
  ports: z.array(z.string()).default([]),
  volumes: z.array(z.string()).default([]),
  depends_on: z.record(z.string(), z.looseObject({ condition: Condition })).default({}),
  healthcheck: z.looseObject({ test: z.unknown().optional(), disable: z.boolean().default(false) }).optional(),
  restart: z.string().default('no'),
});
export type ComposeService = z.infer<typeof Service>;

/** The name of the image that is built here, before its tag. */
const CONNECTOR_IMAGE = 'iomt-fhir-connector';

const ComposeFile = z.looseObject({
  services: z.record(z.string(), Service),
  volumes: z.record(z.string(), z.unknown()).default({}),
});
export type ComposeFile = z.infer<typeof ComposeFile>;

/** A compose file as it is written, and as it is with nothing set: every variable has its default then. */
interface ComposeText {
  readonly written: ComposeFile;
  readonly file: ComposeFile;
}

/** @throws Error naming what is not in the notation that the checks know */
export function parseComposeFile(text: string): ComposeText {
  const written: unknown = parse(text, { merge: true });
  return { written: ComposeFile.parse(written), file: ComposeFile.parse(interpolated(written)) };
}

/** Name and tag of an image: `postgres:16.15-alpine`. */
export function imageParts(image = ''): { readonly name: string; readonly tag: string } {
  const [, name = image, tag = ''] = /^(.*?)(?::([^:/@]+))?$/.exec(image) ?? [];
  return { name, tag };
}

export function isConnector({ image }: ComposeService): boolean {
  return imageParts(image).name === CONNECTOR_IMAGE;
}

/** The variables that a value, or any value in it, takes from the environment of Compose. */
export function variablesIn(value: unknown): Set<string> {
  const names = new Set<string>();
  interpolated(value, (name) => names.add(name));
  return names;
}

type Listener = (name: string) => void;

function interpolated(value: unknown, heard?: Listener): unknown {
  if (typeof value === 'string') return interpolatedText(value, heard);
  if (Array.isArray(value)) return value.map((member) => interpolated(member, heard));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, interpolated(member, heard)]));
}

/**
 * Without `${NAME:?words}`: Compose would refuse every command, of services that do not need it too.
 *
 * @see https://docs.docker.com/reference/compose-file/interpolation/
 */
function interpolatedText(text: string, heard?: Listener): string {
  return text.replace(/\$(?:\$|\{([A-Za-z_]\w*)(?::?-([^{}]*))?\}|.?)/g, (found, ...groups) => {
    const [name, fallback = ''] = groups as (string | undefined)[];
    if (found === '$$') return '$';
    if (name === undefined) throw new Error(`Expected \${NAME}, \${NAME:-default} or $$, at ${found}`);
    heard?.(name);
    return fallback;
  });
}
