import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const DEVICE_CONTENT = {
  templateType: 'CollectionContent',
  template: [
    {
      templateType: 'CalculatedContent',
      template: {
        typeName: 'heartRate',
        typeMatchExpression: '$..[?(@heartRate)]',
        deviceIdExpression: '$.Body.deviceId',
        patientIdExpression: '$.Body.patientId',
        timestampExpression: '$.matchedToken.measuredAt',
        values: [{ valueName: 'heartRate', valueExpression: '$.matchedToken.heartRate', required: true }],
      },
    },
  ],
};
const FHIR_MAPPING = {
  templateType: 'CollectionFhir',
  template: [
    {
      templateType: 'CodeValueFhir',
      template: {
        typeName: 'heartRate',
        periodInterval: 60,
        codes: [{ code: '8867-4', system: 'http://loinc.org', display: 'Heart rate' }],
        value: { valueType: 'SampledData', valueName: 'heartRate', defaultPeriod: 1000, unit: 'beats/minute' },
      },
    },
  ],
};

/** Templates of messages that name their patient, for one type. */
export async function writeMarkedTemplates(
  folder: string,
): Promise<{ deviceContentFile: string; fhirMappingFile: string }> {
  await mkdir(folder, { recursive: true });
  const files = {
    deviceContentFile: join(folder, 'devicecontent.json'),
    fhirMappingFile: join(folder, 'fhirmapping.json'),
  };
  await writeFile(files.deviceContentFile, JSON.stringify(DEVICE_CONTENT));
  await writeFile(files.fhirMappingFile, JSON.stringify(FHIR_MAPPING));
  return files;
}
