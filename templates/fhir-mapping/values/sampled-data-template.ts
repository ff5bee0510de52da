import { compareDecimals, isSameDecimal } from '../../../core/decimal.ts';
import { sampleStep } from '../../../core/sampled-data.ts';
import type { SampleStep } from '../../../core/sampled-data.ts';
import { objectSchema, orNull } from '../../template-schema.ts';
import type { JsonSchema, MemberTable } from '../../template-schema.ts';
import type { TemplateObject } from '../template-object.ts';
import { readUnit, UNIT_MEMBERS, UNIT_NAMES } from './unit.ts';
import type { Unit } from './unit.ts';

/**
 * Written as `valueSampledData`: a token for each slot of the Observation's period. A token stands for
 * `origin + factor * token`; what was measured is the token. Decimals are as the mapping writes them.
 */
export interface SampledDataTemplate extends Unit {
  readonly valueType: 'SampledData';
  readonly valueName: string;
  /** In ms. */
  readonly defaultPeriod: string;
  readonly step: SampleStep;
  readonly origin: string;
  /** Not zero; 1 when absent. */
  readonly factor?: string;
  readonly lowerLimit?: string;
  readonly upperLimit?: string;
}

/** A number, or a text that holds one. */
function decimalSchema(number: JsonSchema, digits = ''): JsonSchema {
  const pattern = `^\\s*${digits}(?:0|[1-9]\\d*)(?:\\.\\d+)?(?:[eE][+-]?\\d{1,4})?\\s*$`;
  return {
    anyOf: [
      { type: 'number', ...number },
      { type: 'string', pattern },
    ],
  };
}

const POSITIVE = decimalSchema({ minimum: 0.0001 }, '(?=[0.]*[1-9])');
const NOT_ZERO = decimalSchema({ not: { const: 0 } }, '-?(?=[0.]*[1-9])');
const DECIMAL = decimalSchema({}, '-?');

const ORIGIN: JsonSchema = {
  anyOf: [
    ...(DECIMAL['anyOf'] as JsonSchema[]),
    objectSchema({ value: { description: 'The value itself.', schema: orNull(DECIMAL) }, ...UNIT_MEMBERS }, 'ignored'),
    { type: 'null' },
  ],
};

export const SAMPLED_DATA_MEMBERS: MemberTable = {
  defaultPeriod: { description: 'How far apart samples are, in milliseconds.', schema: POSITIVE, isRequired: true },
  ...UNIT_MEMBERS,
  origin: {
    description: 'The value that a sample of 0 stands for, perhaps with its unit; 0 when absent.',
    schema: ORIGIN,
  },
  factor: { description: 'What a step of 1 between samples stands for; 1 when absent.', schema: orNull(NOT_ZERO) },
  lowerLimit: { description: 'Below it the device cannot measure: L.', schema: orNull(DECIMAL) },
  upperLimit: { description: 'Above it the device cannot measure: U.', schema: orNull(DECIMAL) },
};

/** Undefined when the mapping is wrong, which is then noted. */
export function readSampledData(object: TemplateObject, valueName: string): SampledDataTemplate | undefined {
  const period = readPeriod(object);
  const origin = readOrigin(object);
  const factor = readFactor(object);
  const limits = readLimits(object);
  if (period === undefined) return undefined;
  return {
    valueType: 'SampledData',
    valueName,
    ...period,
    ...origin,
    ...(factor !== undefined && { factor }),
    ...limits,
  };
}

function readPeriod(object: TemplateObject): Pick<SampledDataTemplate, 'defaultPeriod' | 'step'> | undefined {
  const defaultPeriod = object.decimal('defaultPeriod');
  const step = defaultPeriod === undefined ? undefined : sampleStep(defaultPeriod);
  const node = object.node.member('defaultPeriod');
  if (node === undefined) object.missing('defaultPeriod');
  else if (step === undefined) object.invalid(node, 'Expected how far apart samples are, in ms: at least 0.0001');
  return defaultPeriod === undefined || step === undefined ? undefined : { defaultPeriod, step };
}

/** A number, or a Quantity as FHIR writes one; its unit may stand in it or beside it. */
function readOrigin(object: TemplateObject): Pick<SampledDataTemplate, 'origin' | keyof Unit> {
  const unit = readUnit(object);
  const node = object.node.member('origin');
  const inside = node?.kind === 'object' ? object.inside(node) : undefined;
  if (inside === undefined) return { origin: object.decimal('origin') ?? '0', ...unit };
  const unitInside = readUnit(inside);
  for (const name of UNIT_NAMES) {
    const isTwice = unit[name] !== undefined && unitInside[name] !== undefined;
    if (isTwice && unit[name] !== unitInside[name])
      object.invalid(inside.node.member(name) ?? inside.node, `Expected the ${name} that stands beside origin`);
  }
  return { origin: inside.decimal('value') ?? '0', ...unit, ...unitInside };
}

function readFactor(object: TemplateObject): string | undefined {
  const factor = object.decimal('factor');
  if (factor !== undefined && isSameDecimal(factor, '0'))
    object.invalid(object.node.member('factor') ?? object.node, 'Expected a factor other than 0');
  return factor;
}

function readLimits(object: TemplateObject): Pick<SampledDataTemplate, 'lowerLimit' | 'upperLimit'> {
  const [lowerLimit, upperLimit] = [object.decimal('lowerLimit'), object.decimal('upperLimit')];
  const isCrossed = lowerLimit !== undefined && upperLimit !== undefined && compareDecimals(lowerLimit, upperLimit) > 0;
  if (isCrossed)
    object.invalid(object.node.member('lowerLimit') ?? object.node, 'Expected a lowerLimit of at most the upperLimit');
  return { ...(lowerLimit !== undefined && { lowerLimit }), ...(upperLimit !== undefined && { upperLimit }) };
}
