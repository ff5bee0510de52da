import type { ReceivedEventData } from '@azure/event-hubs';
import { stringify } from 'lossless-json';
import type { DeviceMessage, JsonObject, JsonValue } from '../core/device-message.ts';
import { parseMessageBody } from '../templates/device-content/message-body.ts';
import type { BodyReader } from '../templates/device-content/message-body.ts';
import { joinedSections, plainBody } from './event-body.ts';

type BodyType = ReturnType<ReceivedEventData['getRawAmqpMessage']>['bodyType'];

/** The parts of a received event that normalization needs; the bytes as they came. */
export interface HubEvent {
  readonly sequenceNumber: number;
  readonly offset: string;
  /** ISO 8601 UTC. */
  readonly enqueuedAt: string;
  readonly body: Uint8Array;
  readonly properties: JsonObject;
  readonly systemProperties: JsonObject;
}

/** AMQP properties as the Azure SDK for JavaScript names them, and as templates know them. */
const PROPERTY_NAMES = {
  messageId: 'message-id',
  userId: 'user-id',
  to: 'to',
  subject: 'subject',
  replyTo: 'reply-to',
  correlationId: 'correlation-id',
  contentType: 'content-type',
  contentEncoding: 'content-encoding',
  absoluteExpiryTime: 'absolute-expiry-time',
  creationTime: 'creation-time',
  groupId: 'group-id',
  groupSequence: 'group-sequence',
  replyToGroupId: 'reply-to-group-id',
} as const;
const INSTANTS: ReadonlySet<string> = new Set(['absoluteExpiryTime', 'creationTime']);

/**
 * An event as the hub holds it. Built from the raw AMQP message: the SDK's own view renames system properties, drops
 * some, and turns instants into numbers.
 */
export function readHubEvent(event: ReceivedEventData): HubEvent {
  const raw = event.getRawAmqpMessage();
  const given = new Map<string, unknown>(Object.entries(raw.properties ?? {}));
  const properties = Object.entries(PROPERTY_NAMES).flatMap(([name, templateName]): [string, unknown][] => {
    const value = given.get(name);
    if (value === undefined || value === null) return [];
    return [[templateName, INSTANTS.has(name) && typeof value === 'number' ? new Date(value) : value]];
  });
  return {
    sequenceNumber: event.sequenceNumber,
    offset: event.offset,
    enqueuedAt: event.enqueuedTimeUtc.toISOString(),
    body: bytesOf(event.body, raw.bodyType),
    properties: objectOf(Object.entries(raw.applicationProperties ?? {})),
    systemProperties: objectOf([...properties, ...Object.entries(raw.messageAnnotations ?? {})]),
  };
}

/**
 * @param reader what the templates say of bodies
 * @throws IngestError when the body cannot be read
 */
export function deviceMessageOf(event: HubEvent, reader?: BodyReader): DeviceMessage {
  return {
    Body: parseMessageBody(plainBody(event), reader),
    Properties: event.properties,
    SystemProperties: event.systemProperties,
  };
}

/** A data section comes as bytes; values and sequences of other clients come as what they are: one JSON value. */
function bytesOf(body: unknown, bodyType: BodyType): Uint8Array {
  if (body instanceof Uint8Array) return body;
  if (body === undefined || body === null) return new Uint8Array();
  const joined = bodyType === 'data' && Array.isArray(body) ? joinedSections(body) : undefined;
  if (joined !== undefined) return joined;
  return new TextEncoder().encode(typeof body === 'string' ? body : stringify(jsonOf(body)));
}

function objectOf(entries: readonly [string, unknown][]): JsonObject {
  return Object.fromEntries(entries.map(([name, value]) => [name, jsonOf(value)]));
}

/** AMQP values as JSON: instants as ISO 8601 text, binary as base64. */
function jsonOf(value: unknown): JsonValue {
  switch (typeof value) {
    case 'string':
    case 'number':
    case 'boolean':
    case 'bigint':
      return value;
    case 'object':
      if (value === null) return null;
      // An instant beyond what a Date can hold must not stall its partition.
      if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString();
      if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
      if (Array.isArray(value)) return value.map(jsonOf);
      return objectOf(Object.entries(value));
    case 'undefined':
    case 'function':
    case 'symbol':
      return null; // AMQP has none of these
  }
}
