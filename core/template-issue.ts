/** Every code an issue may have; `docs/errors.md` explains each. */
export const TEMPLATE_ISSUE_CODES = [
  // The file
  'TEMPLATE_SYNTAX',
  'TEMPLATE_TYPE_UNKNOWN',
  // Its members
  'TEMPLATE_MEMBER_MISSING',
  'TEMPLATE_MEMBER_BLANK',
  'TEMPLATE_MEMBER_KIND',
  'TEMPLATE_MEMBER_INVALID',
  'TEMPLATE_MEMBER_UNKNOWN',
  'TEMPLATE_MEMBER_REPEATED',
  'TEMPLATE_MEMBER_IGNORED',
  'TEMPLATE_VALUES_MISSING',
  'TEMPLATE_VALUE_NAME_REPEATED',
  'TEMPLATE_VALUE_TYPE_UNKNOWN',
  'TEMPLATE_TYPE_NAME_REPEATED',
  // Its expressions
  'EXPRESSION_LANGUAGE_UNKNOWN',
  'EXPRESSION_SYNTAX',
  'JSONPATH_GROUPING',
  'JSONPATH_RECURSION_IGNORED',
  'JSONPATH_SEES_MATCH_TWICE',
  'JMESPATH_NO_SINGLE_VALUE',
  // Lint: codes and units
  'LOINC_CODE_INVALID',
  'CODE_WITHOUT_SYSTEM',
  'CODE_SYSTEM_MISSPELT',
  'COMPONENT_CODE_REPEATED',
  'UCUM_CODE_INVALID',
  'UNIT_INCOMPLETE',
  // Lint: vital signs
  'VITAL_SIGN_CODE',
  'VITAL_SIGN_CATEGORY',
  'VITAL_SIGN_VALUE',
  'VITAL_SIGN_UNIT',
  'VITAL_SIGN_COMPONENT',
  'VITAL_SIGN_MISTAKEN',
  // Lint: what is written
  'MAPPING_WITHOUT_CODE',
  'MAPPING_WITHOUT_VALUE',
  'COMPONENT_NAME_REPEATED',
  'SAMPLED_DATA_OF_AN_INSTANT',
  'SAMPLE_PERIOD_UNEVEN',
  'SAMPLES_TOO_MANY',
  'LAST_VALUE_WINS',
  // Lint: how the two files fit
  'TYPE_NOT_MAPPED',
  'TYPE_NOT_MEASURED',
  'VALUE_NOT_MAPPED',
  'VALUE_NOT_MEASURED',
  'CORRELATION_ID_NOT_MEASURED',
] as const;

export type TemplateIssueCode = (typeof TEMPLATE_ISSUE_CODES)[number];

/** A problem of a template file, found when it is loaded or linted. An `error` rejects the file, a `warning` does not. */
export interface TemplateIssue {
  readonly severity: 'error' | 'warning';
  /** Stable. */
  readonly code: TemplateIssueCode;
  /** What was found and what was expected. */
  readonly message: string;
  /** JSON pointer (RFC 6901) of the place. */
  readonly pointer: string;
  /** One-based. */
  readonly line: number;
  /** One-based. */
  readonly column: number;
}

/** A loaded template, or why it cannot be; warnings come with either. */
export type Loaded<Template> =
  | { readonly ok: true; readonly template: Template; readonly issues: readonly TemplateIssue[] }
  | { readonly ok: false; readonly issues: readonly TemplateIssue[] };
