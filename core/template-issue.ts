/** A problem of a template file, found when it is loaded. An `error` rejects the file, a `warning` does not. */
export interface TemplateIssue {
  readonly severity: 'error' | 'warning';
  /** Stable, listed in `docs/errors.md`. */
  readonly code: string;
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
