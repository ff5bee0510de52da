import type { IncomingHttpHeaders } from 'node:http';
import { Refusal } from './refusal.ts';

/** What a request says of its messages besides their bodies. */
export interface RequestProperties {
  /** Application properties of each event; names in lower case, since HTTP does not keep their case. */
  readonly properties: Readonly<Record<string, string>>;
  /** Messages of one device keep their order. */
  readonly deviceId: string | undefined;
}

const OWN_PREFIX = 'iomt-';
const PROPERTY_PREFIX = 'iomt-property-';
const DEVICE_HEADER = 'iomt-device-id';
const DEVICE_PARAMETER = 'deviceId';
/** Of Event Hubs, for a partition key. */
const LONGEST_KEY = 128;
const utf8 = new TextDecoder('utf-8', { fatal: true });

/** @throws Refusal 400, also for a misspelt header or parameter: it would be lost without a word */
export function readProperties(headers: IncomingHttpHeaders, query: URLSearchParams): RequestProperties {
  const properties: [string, string][] = [];
  let header: string | undefined;
  for (const [name, value] of Object.entries(headers)) {
    if (!name.startsWith(OWN_PREFIX)) continue;
    const text = textOf(name, String(value));
    if (name === DEVICE_HEADER) header = text;
    else if (name.startsWith(PROPERTY_PREFIX) && name !== PROPERTY_PREFIX) {
      properties.push([name.slice(PROPERTY_PREFIX.length), text]);
    } else throw new Refusal(400, `Expected the headers Iomt-Device-Id and Iomt-Property-<name>, and no other Iomt-…`);
  }
  return { properties: Object.fromEntries(properties), deviceId: deviceIdOf(header, query) };
}

function deviceIdOf(header: string | undefined, query: URLSearchParams): string | undefined {
  const given = query.getAll(DEVICE_PARAMETER);
  if (given.length !== query.size || given.length > 1) {
    throw new Refusal(400, `Expected no query parameter but ${DEVICE_PARAMETER}, once`);
  }
  const deviceId = header ?? given[0];
  if (header !== undefined && given[0] !== undefined && given[0] !== header) {
    throw new Refusal(400, 'Expected the same device in the header Iomt-Device-Id and in the query');
  }
  if (deviceId === undefined) return undefined;
  if (deviceId.length === 0 || deviceId.length > LONGEST_KEY) {
    throw new Refusal(400, `Expected a device id of 1 to ${LONGEST_KEY} characters`);
  }
  return deviceId;
}

/** Node hands the bytes of a header over as Latin-1. */
function textOf(name: string, value: string): string {
  try {
    return utf8.decode(Buffer.from(value, 'latin1'));
  } catch {
    // The decoder says nothing but that it is no UTF-8.
    throw new Refusal(400, `Expected the header ${name} in UTF-8`);
  }
}
