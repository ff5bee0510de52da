import { expressionKind } from './expression-kind.ts';

export const iotCentralJsonPathContent = expressionKind({
  spellings: ['IotCentralJsonPathContent', 'IotCentralJsonPathContentTemplate'],
  description: 'exports of IoT Central, which names device and time; the match is the object that holds them',
  scope: 'match',
  hasLanguages: false,
  fixed: { deviceId: '$.deviceId', timestamps: ['$.enqueuedTime'] },
});
