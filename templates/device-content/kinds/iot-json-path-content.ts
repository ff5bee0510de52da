import { expressionKind } from './expression-kind.ts';

export const iotJsonPathContent = expressionKind({
  spellings: ['IotJsonPathContent', 'IotJsonPathContentTemplate'],
  description: 'messages through IoT Hub, which names device and time; the match is to be the whole message',
  scope: 'match',
  hasLanguages: false,
  fixed: {
    deviceId: '$.SystemProperties.iothub-connection-device-id',
    timestamps: ['$.Properties.iothub-creation-time-utc', '$.SystemProperties.iothub-enqueuedtime'],
  },
});
