import type { IncomingMessage } from 'node:http';
import { badRequest, contentTooLarge, OperationOutcomeError, unsupportedMediaType } from '@medplum/core';
import { parseFhirJson } from './fhir-json.ts';
import type { Query } from './search-query.ts';

const BODY_LIMIT_BYTES = 16 * 1024 * 1024;
const JSON_TYPE = /^application\/(?:[\w.-]+\+)?json$/;

/**
 * Reads and parses the body of a request: JSON as `parseFhirJson` does, a form as a query.
 *
 * @returns undefined when there is none
 * @throws OperationOutcomeError 400, 413 (with the rest of the body still to come), 415
 */
export async function readBody(request: IncomingMessage): Promise<unknown> {
  const text = await readText(request);
  if (text === '') return undefined;
  const mediaType = (request.headers['content-type'] ?? 'application/json').split(';')[0]?.trim().toLowerCase() ?? '';
  if (mediaType === 'application/x-www-form-urlencoded') return toQuery(new URLSearchParams(text));
  if (!JSON_TYPE.test(mediaType)) throw new OperationOutcomeError(unsupportedMediaType);
  try {
    return parseFhirJson(text);
  } catch (error) {
    throw new OperationOutcomeError(badRequest('Expected valid JSON'), { cause: error });
  }
}

/** Repeated parameters become a list. */
export function toQuery(parameters: URLSearchParams): Query {
  const query: Query = {};
  for (const name of new Set(parameters.keys())) {
    const values = parameters.getAll(name);
    query[name] = values.length === 1 ? values[0] : values;
  }
  return query;
}

async function readText(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let byteCount = Number(request.headers['content-length'] ?? 0);
  if (byteCount > BODY_LIMIT_BYTES) throw tooLarge();
  byteCount = 0;
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    byteCount += chunk.length;
    if (byteCount > BODY_LIMIT_BYTES) throw tooLarge();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function tooLarge(): OperationOutcomeError {
  return new OperationOutcomeError(contentTooLarge(`Expected at most ${BODY_LIMIT_BYTES} bytes`));
}
