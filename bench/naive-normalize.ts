import { registerFunction, search, TYPE_NUMBER } from '@jmespath-community/jmespath';
import type { JSONValue } from '@jmespath-community/jmespath';
import { JSONPath } from 'jsonpath-plus';
import type { JsonObject } from '../core/device-message.ts';
import type { Workload } from './workloads.ts';

type Expression = string | { readonly value: string; readonly language?: string };

interface NaiveTemplate {
  readonly templateType: string;
  readonly template: {
    readonly typeName: string;
    readonly defaultExpressionLanguage?: string;
    readonly typeMatchExpression: Expression;
    readonly deviceIdExpression?: Expression;
    readonly timestampExpression?: Expression;
    readonly correlationIdExpression?: Expression;
    readonly values: readonly { readonly valueName: string; readonly valueExpression: Expression }[];
  };
}

export interface NaiveMeasurement {
  readonly deviceId: string;
  readonly occurrenceTimeUtc: string;
  readonly properties: readonly { readonly name: string; readonly value: string }[];
}

const IOT_HUB = {
  deviceIdExpression: "$.SystemProperties['iothub-connection-device-id']",
  timestampExpression: "$.Properties['iothub-creation-time-utc']",
};
const IOT_CENTRAL = { deviceIdExpression: '$.deviceId', timestampExpression: '$.enqueuedTime' };
const FIXED: Readonly<Record<string, Partial<NaiveTemplate['template']>>> = {
  IotJsonPathContent: IOT_HUB,
  IotCentralJsonPathContent: IOT_CENTRAL,
};

const numbers = (count: number) => Array.from({ length: count }, () => ({ types: [TYPE_NUMBER] }));
registerFunction('add', ([a, b]) => Number(a) + Number(b), numbers(2));
registerFunction('multiply', ([a, b]) => Number(a) * Number(b), numbers(2));
registerFunction('divide', ([a, b]) => Number(a) / Number(b), numbers(2));
registerFunction('fromUnixTimestampMs', ([ms]) => new Date(Number(ms)).toISOString(), numbers(1));

/**
 * What somebody would write in an hour: the libraries evaluate each expression of each template for each message. No
 * limits, no exact numbers, no errors with places; enough to give the same measurements for the messages measured here.
 */
export function naiveNormalizer({ content, properties, systemProperties }: Workload) {
  const { template: templates } = JSON.parse(content) as { template: readonly NaiveTemplate[] };
  const decoder = new TextDecoder();
  return (bytes: Uint8Array): NaiveMeasurement[] => {
    const Body = JSON.parse(decoder.decode(bytes)) as JsonObject;
    const message = { Body, Properties: properties, SystemProperties: systemProperties };
    return templates.flatMap((template) => measurementsOf(template, message));
  };
}

function measurementsOf({ templateType, template }: NaiveTemplate, message: object): NaiveMeasurement[] {
  const language = template.defaultExpressionLanguage ?? 'JsonPath';
  const all = { ...template, ...FIXED[templateType] };
  const matches = select(all.typeMatchExpression, language, message);
  return matches.map((match) => {
    const root = templateType === 'CalculatedContent' ? { ...message, matchedToken: match } : (match as object);
    const text = (expression: Expression) => String(select(expression, language, root)[0]);
    if (all.correlationIdExpression) text(all.correlationIdExpression);
    return {
      deviceId: text(all.deviceIdExpression ?? ''),
      occurrenceTimeUtc: new Date(text(all.timestampExpression ?? '')).toISOString(),
      properties: all.values
        .map(({ valueName, valueExpression }) => ({ name: valueName, value: text(valueExpression) }))
        .filter(({ value }) => value !== 'undefined'),
    };
  });
}

function select(expression: Expression, language: string, root: object): readonly unknown[] {
  const { value, language: own = language } = typeof expression === 'string' ? { value: expression } : expression;
  if (own === 'JmesPath') {
    const found = search(root as JSONValue, value);
    return Array.isArray(found) ? found : found === null ? [] : [found];
  }
  return selectByJsonPath(value, root);
}

/** The library wants a dot behind `@`, and tests what is below a value, not the value itself. */
function selectByJsonPath(text: string, root: object): readonly unknown[] {
  const path = text.replaceAll(/@(?=\w)/g, '@.');
  const json = path.startsWith('$..') ? [root] : root;
  return JSONPath<readonly unknown[]>({ path, json, wrap: true, ignoreEvalErrors: true });
}
