import { parse } from 'yaml';
import { z } from 'zod';

const Scalar = z.union([z.string(), z.number(), z.boolean(), z.null()]);
const Condition = z.enum(['service_started', 'service_healthy', 'service_completed_successfully']);

/** The members of a service that the checks look at, in the one notation that the file uses for each. */
const Service = z.looseObject({
  image: z.string().optional(),
  build: z.unknown().optional(),
  container_name: z.string().optional(),
  environment: z.record(z.string(), Scalar).default({}),
  ports: z.array(z.string()).default([]),
  volumes: z.array(z.string()).default([]),
  depends_on: z.record(z.string(), z.looseObject({ condition: Condition })).default({}),
  healthcheck: z.looseObject({ test: z.unknown().optional(), disable: z.boolean().default(false) }).optional(),
  restart: z.string().default('no'),
});
export type ComposeService = z.infer<typeof Service>;

const ComposeFile = z.looseObject({
  services: z.record(z.string(), Service),
  volumes: z.record(z.string(), z.unknown()).default({}),
});
export type ComposeFile = z.infer<typeof ComposeFile>;

/**
 * A compose file as it is with nothing set: every variable has its default, and one that must be given has a text.
 *
 * @throws Error naming what is not in the notation that the checks know
 */
export function parseComposeFile(text: string): ComposeFile {
  return ComposeFile.parse(interpolated(parse(text, { merge: true })));
}

/** The variables that a compose file takes from its environment. */
export function variablesOf(text: string): Set<string> {
  return new Set([...text.matchAll(/\$\{([A-Z_]+)/g)].map(([, name = '']) => name));
}

function interpolated(value: unknown): unknown {
  if (typeof value === 'string') return interpolatedText(value);
  if (Array.isArray(value)) return value.map(interpolated);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, interpolated(member)]));
}

/** @see https://docs.docker.com/reference/compose-file/interpolation/ */
function interpolatedText(text: string): string {
  return text.replace(/\$(?:\$|\{([A-Za-z_]\w*)(?:(:?-)([^{}]*)|:?\?[^{}]*)?\}|.?)/g, (found, ...groups) => {
    const [name, isDefault, fallback] = groups as (string | undefined)[];
    if (found === '$$') return '$';
    if (name === undefined) throw new Error(`Expected \${NAME}, \${NAME:-default}, \${NAME:?words} or $$, at ${found}`);
    if (isDefault !== undefined) return fallback ?? '';
    return found.includes('?') ? 'given' : '';
  });
}
