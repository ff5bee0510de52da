import type { OperationOutcome } from 'fhir/r4.js';
import type { IngestErrorCode, IngestErrorDetails } from '../core/errors.ts';
import { IngestError } from '../core/errors.ts';

export type FhirOperation = 'read' | 'search' | 'history' | 'write' | 'delete' | 'capabilities';

/**
 * The one place that says what a failure of the FHIR server means. What fhir-kit-client throws holds the URL with the
 * identifier, and the body: the error is rebuilt here from status, resource type and issue codes.
 */
export function fhirFailure(error: unknown, operation: FhirOperation, resourceType: string): IngestError {
  if (error instanceof IngestError) return error;
  const answer = answerOf(error);
  if (answer !== undefined) return responseFailure(answer.status, answer.headers, answer.body, operation, resourceType);
  const details = { operation, resourceType };
  if (isObject(error) && error['name'] === 'TimeoutError') {
    return new IngestError(
      'FHIR_TIMEOUT',
      `The FHIR server did not answer the ${operation} of ${resourceType} in time`,
      details,
    );
  }
  if (!isNetworkTrouble(error)) {
    const message = `An unexpected error was thrown around the ${operation} of ${resourceType}`;
    return new IngestError('UNEXPECTED', message, details, { cause: error });
  }
  const cause = networkCodeOf(error);
  const message = `The FHIR server could not be reached for the ${operation} of ${resourceType} (${cause})`;
  return new IngestError('FHIR_UNREACHABLE', message, { ...details, cause });
}

/** What an answer other than success means. */
export function responseFailure(
  status: number,
  headers: Headers,
  body: unknown,
  operation: FhirOperation,
  resourceType: string,
): IngestError {
  const issues = issuesOf(body);
  const code = codeOf(status, operation, resourceType, issues);
  const retryAfterMs = retryAfter(headers);
  const details: IngestErrorDetails = {
    operation,
    resourceType,
    status,
    ...(issues.codes !== '' && { issueCodes: issues.codes }),
    ...(issues.expressions !== '' && { expressions: issues.expressions }),
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  };
  const place =
    issues.codes === '' ? '' : ` (${[issues.codes, issues.expressions].filter((part) => part !== '').join(' at ')})`;
  return new IngestError(
    code,
    `The FHIR server answered the ${operation} of ${resourceType} with ${status}${place}`,
    details,
  );
}

function codeOf(status: number, operation: FhirOperation, resourceType: string, issues: Issues): IngestErrorCode {
  if (status === 401) return 'FHIR_UNAUTHORIZED';
  if (status === 403) return 'FHIR_FORBIDDEN';
  if (status === 404) return 'FHIR_WRONG_ENDPOINT';
  if (status === 408) return 'FHIR_TIMEOUT';
  if (status === 409 || status === 412) return 'OBSERVATION_CONFLICT';
  if (status === 429) return 'FHIR_THROTTLED';
  if (status >= 500) return 'FHIR_UNAVAILABLE';
  if (status < 400) return 'FHIR_ANSWER_UNREADABLE';
  if (operation !== 'write' || (status !== 400 && status !== 422)) return 'FHIR_REQUEST_REJECTED';
  if (issues.namesMissingReference) return 'REFERENCE_REJECTED';
  // That a Patient or Device is refused says nothing against the readings that wait for it; nor does a proxy's page.
  return resourceType === 'Observation' && issues.areOfServer ? 'OBSERVATION_REJECTED' : 'FHIR_REQUEST_REJECTED';
}

interface Issues {
  /** They came in an OperationOutcome: it is the FHIR server that speaks. */
  readonly areOfServer: boolean;
  readonly codes: string;
  readonly expressions: string;
  readonly namesMissingReference: boolean;
}

/** Only codes and places leave an OperationOutcome: its texts may quote the resource. */
function issuesOf(body: unknown): Issues {
  const outcome = outcomeOf(body);
  const issues = (outcome?.issue ?? []).filter(isObject).slice(0, 5);
  const expressions = issues.flatMap((issue) => issue.expression ?? issue.location ?? []);
  const texts = issues.map((issue) => `${issue.diagnostics ?? ''} ${issue.details?.text ?? ''}`);
  return {
    areOfServer: (outcome as { resourceType?: unknown } | undefined)?.resourceType === 'OperationOutcome',
    codes: [...new Set(issues.map((issue) => token(issue.code)))].join(', '),
    expressions: [...new Set(expressions.map(place))].join(', '),
    namesMissingReference:
      issues.some((issue) => issue.code === 'not-found') ||
      texts.some((text) =>
        /(patient|device|encounter)\/\S+ (is )?not found|(invalid|unresolved|missing) reference/i.test(text),
      ),
  };
}

function outcomeOf(body: unknown): OperationOutcome | undefined {
  let parsed: unknown = body;
  if (typeof body === 'string') {
    try {
      parsed = JSON.parse(body);
    } catch {
      return undefined; // an HTML error page of some proxy: its status says enough
    }
  }
  const isOutcome = typeof parsed === 'object' && parsed !== null && 'issue' in parsed && Array.isArray(parsed.issue);
  return isOutcome ? (parsed as OperationOutcome) : undefined;
}

/** Issue codes are words; anything else is not repeated. */
function token(text: unknown): string {
  return typeof text === 'string' && /^[a-z-]{1,40}$/.test(text) ? text : 'unknown';
}

const FHIR_PATH = /^[A-Z][A-Za-z]{1,40}(\.[a-z][A-Za-z]{0,40}(\[(\d{1,4}|x)\]|\([A-Z]?[A-Za-z]{0,40}\))?){0,10}$/;
const XPATH = /^(\/f:[A-Za-z]{1,40}(\[\d{1,4}\])?){1,10}$/;

/** A path of member names and indexes; anything else, a reference to a resource above all, is not repeated. */
function place(text: unknown): string {
  return typeof text === 'string' && (FHIR_PATH.test(text) || XPATH.test(text)) ? text : 'unknown';
}

/** Seconds or an HTTP date, in milliseconds from now; at most a day. */
function retryAfter(headers: Headers): number | undefined {
  const value = headers.get('retry-after');
  if (value === null) return undefined;
  const ms = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - Date.now();
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(ms, 0), 86_400_000);
}

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: unknown;
}

/** The answer inside what fhir-kit-client throws; its `config.headers` are those of the response. */
function answerOf(error: unknown): Answer | undefined {
  const { response, config } = isObject(error) ? error : {};
  if (!isObject(response) || typeof response['status'] !== 'number') return undefined;
  const given = isObject(config) ? config['headers'] : undefined;
  const headers = given instanceof Headers ? given : new Headers();
  return { status: response['status'], headers, body: response['data'] };
}

const NETWORK_CODE = /^[A-Z][A-Z0-9_]{1,60}$/;

/** What fetch throws when no answer came; anything else that is thrown there is a defect. */
function isNetworkTrouble(error: unknown): boolean {
  if (!isObject(error)) return false;
  return error['message'] === 'fetch failed' || NETWORK_CODE.test(networkCodeOf(error));
}

/** `ECONNREFUSED` and the like: what kept the request from being answered. */
function networkCodeOf(error: unknown): string {
  for (let current: unknown = error; isObject(current); current = current['cause']) {
    const { code } = current;
    if (typeof code === 'string' && NETWORK_CODE.test(code)) return code;
  }
  const name = isObject(error) ? error['name'] : undefined;
  return typeof name === 'string' && /^[A-Za-z]{1,60}$/.test(name) ? name : 'unknown';
}

/** Not by `instanceof`: errors of Node's own fetch may come from another realm. */
function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
