import type { Payload } from '@temporalio/common';
import { z } from 'zod';
import { CodecRefusal } from './codec-refusal.ts';

/** Bytes in the JSON of protocol buffers are base64, of either alphabet, and written with the usual one. */
const Bytes = z
  .string()
  .regex(/^[A-Za-z0-9+/_-]*={0,2}$/)
  .transform((text) => new Uint8Array(Buffer.from(text, 'base64')));
/** Members that are empty are left out: no payloads at all are `{}`. */
const PayloadJson = z
  .object({ metadata: z.record(z.string(), Bytes).nullish(), data: Bytes.nullish() })
  .transform(({ metadata, data }): Payload => ({ metadata: metadata ?? {}, data: data ?? new Uint8Array() }));
const Payloads = z.object({ payloads: z.array(PayloadJson).nullish() });

/** @throws CodecRefusal that quotes nothing */
export function payloadsFromJson(text: string): Payload[] {
  const parsed = Payloads.safeParse(jsonOrUndefined(text));
  if (parsed.success) return parsed.data.payloads ?? [];
  throw new CodecRefusal(400, 'expected JSON of Payloads: {"payloads": [{"metadata": {…}, "data": "…"}]}');
}

export function payloadsToJson(payloads: readonly Payload[]): string {
  const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');
  return JSON.stringify({
    payloads: payloads.map(({ metadata, data }) => ({
      metadata: Object.fromEntries(Object.entries(metadata ?? {}).map(([name, value]) => [name, base64(value)])),
      data: base64(data ?? new Uint8Array()),
    })),
  });
}

function jsonOrUndefined(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined; // the schema refuses it
  }
}
