import type { ExpressionLanguage } from '../expression/expression.ts';

/** What sets the kinds of device content templates apart. */
export interface TemplateKind {
  /** Accepted as `templateType`, ignoring case. */
  readonly spellings: readonly string[];
  /** See `ContentTemplate.scope`. */
  readonly scope: 'message' | 'match';
  /** Whether expressions may be objects and name their language. */
  readonly hasLanguages: boolean;
  /** Expressions that are fixed; what a template supplies for them is ignored. */
  readonly fixed?: { readonly deviceId: string; readonly timestamps: readonly [string, ...string[]] };
}

export const DEFAULT_LANGUAGE: ExpressionLanguage = 'JsonPath';

export const TEMPLATE_KINDS: readonly TemplateKind[] = [
  { spellings: ['JsonPathContent', 'JsonPathContentTemplate'], scope: 'match', hasLanguages: false },
  {
    spellings: ['IotJsonPathContent', 'IotJsonPathContentTemplate'],
    scope: 'match',
    hasLanguages: false,
    fixed: {
      deviceId: '$.SystemProperties.iothub-connection-device-id',
      timestamps: ['$.Properties.iothub-creation-time-utc', '$.SystemProperties.iothub-enqueuedtime'],
    },
  },
  {
    spellings: ['IotCentralJsonPathContent', 'IotCentralJsonPathContentTemplate'],
    scope: 'match',
    hasLanguages: false,
    fixed: { deviceId: '$.deviceId', timestamps: ['$.enqueuedTime'] },
  },
  { spellings: ['CalculatedContent', 'CalculatedContentTemplate'], scope: 'message', hasLanguages: true },
];
