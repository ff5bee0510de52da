import type { ReceivedEventData } from '@azure/event-hubs';

/** An event with everything AMQP lets a sender say. */
export type AmqpMessage = ReturnType<ReceivedEventData['getRawAmqpMessage']>;

/** What an event tells of where it comes from. */
export interface EventSource {
  readonly deviceId: string;
  /** When it is. */
  readonly at: Date;
  /** When the device believes it is: its clock may be off. Services on the way have the right time. */
  readonly deviceTime: Date;
}

export type JsonBody = Readonly<Record<string, unknown>>;

const IOT_CENTRAL_APPLICATION = '8a2f5b0e-6a55-4e8e-9d0f-5f0a53b1c8d4';
const AUTH_METHOD = { scope: 'device', type: 'sas', issuer: 'iothub', acceptingIpFilterRule: null };

/** As a device sends that speaks to the hub itself. */
export function ownEvent({ deviceId }: EventSource, body: JsonBody): AmqpMessage {
  return { ...eventOf(deviceId, { deviceId, ...body }), properties: { contentType: 'application/json' } };
}

/**
 * As IoT Hub hands on what a device sent: the body is the device's own, the device and the times stand beside it.
 *
 * @see https://learn.microsoft.com/azure/iot-hub/iot-hub-devguide-messages-construct
 */
export function iotHubEvent({ deviceId, at, deviceTime }: EventSource, body: JsonBody): AmqpMessage {
  const event = eventOf(deviceId, body);
  return {
    ...event,
    messageAnnotations: {
      ...event.messageAnnotations,
      'iothub-connection-device-id': deviceId,
      'iothub-connection-auth-method': JSON.stringify(AUTH_METHOD),
      'iothub-connection-auth-generation-id': '638448693000000000',
      'iothub-enqueuedtime': at,
      'iothub-message-source': 'Telemetry',
    },
    properties: {
      messageId: `${deviceId}-${at.getTime()}`,
      contentType: 'application/json',
      contentEncoding: 'utf-8',
    },
    applicationProperties: { 'iothub-creation-time-utc': deviceTime.toISOString() },
  };
}

/**
 * As IoT Central exports telemetry: everything in the body, the time its own. Its documentation names the properties
 * in two places, so they are sent in both.
 *
 * @see https://learn.microsoft.com/azure/iot-central/core/howto-export-to-event-hubs
 */
export function iotCentralEvent({ deviceId, at }: EventSource, telemetry: JsonBody): AmqpMessage {
  const about = {
    'iotcentral-device-id': deviceId,
    'iotcentral-application-id': IOT_CENTRAL_APPLICATION,
    'iotcentral-message-source': 'telemetry',
    'iotcentral-message-type': 'Telemetry',
  };
  const event = eventOf(deviceId, {
    applicationId: IOT_CENTRAL_APPLICATION,
    messageSource: 'telemetry',
    deviceId,
    schema: 'default@v1',
    templateId: 'dtmi:example:simulatedDevice;1',
    enqueuedTime: at.toISOString(),
    telemetry,
    enrichments: {},
    messageProperties: {},
  });
  return {
    ...event,
    messageAnnotations: { ...event.messageAnnotations, ...about },
    properties: { contentType: 'application/json', contentEncoding: 'utf-8' },
    applicationProperties: about,
  };
}

/**
 * The SDK ignores the partition key of a batch for such messages, without a word: each carries its own, or the events of
 * a device would lose their order. The header must not be empty, or the service would not look at the key.
 */
function eventOf(deviceId: string, body: JsonBody): AmqpMessage {
  return {
    header: { durable: true },
    messageAnnotations: { 'x-opt-partition-key': deviceId },
    body: Buffer.from(JSON.stringify(body)),
    bodyType: 'data',
  };
}
