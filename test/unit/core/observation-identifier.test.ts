import { expect, test } from '@jest/globals';
import { observationIdentifier } from '../../../core/observation-identifier.ts';

test('an Observation has the identifier and the id that the original gives it', () => {
  const ids = { device: 'deviceId', patient: 'patientId' };
  expect(observationIdentifier(ids, 'heartrate', '20190101000000Z.20190101005959Z')).toEqual({
    system: 'https://azure.microsoft.com/en-us/services/iomt-fhir-connector/',
    value: 'patientId.deviceId.heartrate.20190101000000Z.20190101005959Z',
    id: '127aeff043da8c8e1f6d6f37bce384eb01aee4664f10f8ee565a2e7196bf889f',
  });
});
