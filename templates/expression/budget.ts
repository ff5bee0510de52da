import { IngestError } from '../../core/errors.ts';

export interface EvaluationLimits {
  /** Values looked at, and characters made, by all expressions for one message. */
  readonly stepCount: number;
  /** Matches of all templates for one message; each becomes a measurement. */
  readonly matchCount: number;
}

/**
 * Counted, not timed: the same message must meet the same end on every machine and every attempt.
 * A message of 1 MB has some hundred thousand values. They are gathered once; each template with `..` looks at all of
 * them, or at its objects alone where its filter asks for members. What several templates share is counted once.
 */
const DEFAULT_LIMITS: EvaluationLimits = { stepCount: 10_000_000, matchCount: 10_000 };

/** What is left of the limits while one message is evaluated. */
export class Budget {
  private stepsLeft: number;
  private matchesLeft: number;

  constructor(limits: EvaluationLimits = DEFAULT_LIMITS) {
    this.stepsLeft = limits.stepCount;
    this.matchesLeft = limits.matchCount;
  }

  /** @throws IngestError LIMIT_EXCEEDED */
  spend(stepCount: number): void {
    this.stepsLeft -= stepCount;
    if (this.stepsLeft < 0) throw new IngestError('LIMIT_EXCEEDED', 'the message takes more steps than allowed');
  }

  /** @throws IngestError LIMIT_EXCEEDED */
  spendMatches(matchCount: number): void {
    this.matchesLeft -= matchCount;
    if (this.matchesLeft < 0) throw new IngestError('LIMIT_EXCEEDED', 'the message has more matches than allowed');
  }
}
