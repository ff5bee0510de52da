import { z } from 'zod';

/** Which requests a fault hits; without any of these, all of them. */
const WHICH = {
  method: z
    .string()
    .regex(/^[A-Z]+$/, 'expected a method in capitals')
    .exactOptional(),
  /** Against what follows the base URL, the query included: `/Observation?identifier=…`. */
  path: z
    .instanceof(RegExp, { error: 'expected a regular expression' })
    .refine(({ flags }) => !/[gy]/.test(flags), 'expected a regular expression without the flags g and y')
    .exactOptional(),
  /** Of the requests that match, this share by chance. */
  share: z.number().gt(0, 'expected a share above 0').max(1, 'expected a share of at most 1').exactOptional(),
  /** It is over after so many hits. */
  times: z.int('expected a whole number').min(1, 'expected at least 1').exactOptional(),
};

/** Something that goes wrong between a client and its FHIR server. */
export const Fault = z.discriminatedUnion(
  'does',
  [
    /** The proxy answers by itself; the server never hears of the request. */
    z.strictObject({
      ...WHICH,
      does: z.literal('answer'),
      status: z.int().min(400, 'expected at least 400').max(599, 'expected at most 599'),
      retryAfterSeconds: z.int('expected a whole number').min(0, 'expected at least 0').exactOptional(),
      /** Body of the answer, instead of a made-up one. */
      outcome: z.looseObject({ resourceType: z.literal('OperationOutcome') }).exactOptional(),
    }),
    /** The server hears of the request so much later, even when the client has given up by then. */
    z.strictObject({
      ...WHICH,
      does: z.literal('delay'),
      delayMs: z.number().gt(0, 'expected a delay above 0').max(600_000, 'expected at most ten minutes'),
    }),
    /** The connection ends before the server hears of the request. */
    z.strictObject({ ...WHICH, does: z.literal('cut-before') }),
    /** The server has answered, so what was to be written is written; but the connection ends without a word. */
    z.strictObject({ ...WHICH, does: z.literal('cut-after') }),
    /** The server's own status and headers, and the first half of its body. */
    z.strictObject({ ...WHICH, does: z.literal('broken-json') }),
  ],
  { error: 'expected one of answer, delay, cut-before, cut-after, broken-json' },
);
export type Fault = z.infer<typeof Fault>;

/** @throws RangeError that names all that is wrong with it */
export function checkedFault(fault: Fault): Fault {
  const parsed = Fault.safeParse(fault);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(({ path, message }) => `${path.join('.') || 'the fault'}: ${message}`);
  throw new RangeError(`The fault cannot be injected: ${problems.join('; ')}`);
}
