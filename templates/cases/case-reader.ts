import { z } from 'zod';
import type { IdentifiedResource } from '../fhir-mapping/load.ts';
import { CaseGroup, measurementsOf, present } from './case-group.ts';
import type { CaseMembers } from './case-members.ts';
import { normalizationExpectation, transformExpectation } from './expectation.ts';
import type { Expectation, NormalizationCase, TransformCase } from './mapping-case.ts';

const Ids = z.object({ device: z.string(), patient: z.string(), encounter: z.string().nullish() });

const NORMALIZATION_MEMBERS = [
  'template',
  'templateText',
  'templateFile',
  'message',
  'messageText',
  'bodyText',
  'enqueuedAt',
  'expect',
];
const TRANSFORM_MEMBERS = ['mapping', 'mappingText', 'mappingFile', 'existing', 'expect'];

/** Undefined after noting what is wrong with the case. */
export function readNormalizationCase(members: CaseMembers, name: string): NormalizationCase | undefined {
  members.checkNames(NORMALIZATION_MEMBERS);
  const template = members.source('template');
  const expectation = readExpectation(members, normalizationExpectation);
  const messageText = members.string('messageText') ?? members.objectText('message');
  const bodyText = members.string('bodyText');
  const enqueuedAt = members.instant('enqueuedAt');
  // A message that is not there would else pass for one without measurements.
  const needsMessage = expectation !== undefined && !('templateInvalid' in expectation) && !members.isNull('message');
  if (needsMessage && !['message', 'messageText', 'bodyText'].some((one) => members.has(one)))
    members.problems.push('expected a message, messageText or bodyText, or "message": null to load the template alone');
  if (template === undefined || expectation === undefined || members.problems.length > 0) return undefined;
  return {
    kind: 'normalization',
    name,
    template,
    expectation,
    ...present('messageText', messageText),
    ...present('bodyText', bodyText),
    ...present('enqueuedAt', enqueuedAt),
  };
}

/** As `readNormalizationCase`. */
export function readTransformCase(members: CaseMembers, name: string): TransformCase | undefined {
  members.checkNames(TRANSFORM_MEMBERS);
  const mapping = members.source('mapping');
  const expectation = readExpectation(members, transformExpectation);
  const group = members.parsed('group', CaseGroup);
  const ids = members.parsed('ids', Ids);
  const existing = members.objectText('existing') === undefined ? undefined : members.lossless('existing');
  if (!mapping || !expectation || !group || !ids || members.problems.length > 0) return undefined;
  const { encounter, ...owner } = ids;
  return {
    kind: 'transform',
    name,
    mapping,
    expectation,
    type: group.type,
    measurements: measurementsOf(group),
    ids: { ...owner, ...present('encounter', encounter) },
    ...(existing !== undefined && { existing: existing as IdentifiedResource }),
  };
}

function readExpectation(
  members: CaseMembers,
  read: (expect: unknown) => Expectation | string,
): Expectation | undefined {
  const expectation = read(members.has('expect') ? members.lossless('expect') : undefined);
  if (typeof expectation !== 'string') return expectation;
  members.problems.push(`expect: ${expectation}`);
  return undefined;
}
