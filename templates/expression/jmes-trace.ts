import type { JsonValue } from '../../core/device-message.ts';
import { IngestError } from '../../core/errors.ts';
import { SHOWN_COUNT } from './explained-expression.ts';
import type { ExplainedStep, ExplainedTest } from './explained-expression.ts';
import { JmesCompiler } from './jmes-compiler.ts';
import type { Evaluate } from './jmes-function.ts';
import type { JmesFunctions } from './jmes-functions.ts';
import { withNotOutside } from './jmes-not.ts';
import { isTruthy } from './jmes-operators.ts';
import type { JmesNode } from './jmes-path-parser.ts';
import { elementsOf, isProjection, partsOf, testsOf } from './jmes-parts.ts';
import type { BinaryNode } from './jmes-parts.ts';
import { JmesText } from './jmes-text.ts';
import { isObject } from './json-kind.ts';
import type { Selected } from './json-kind.ts';
import { selfAndBelow } from './json-path-located.ts';
import type { Run } from './run.ts';
import type { Missing, Trail } from './near-paths.ts';
import { shownValue } from './shown-value.ts';
import { jmesPathOf } from './value-keys.ts';

/**
 * Evaluates an expression part by part, and notes each part once, with all it yielded: what is behind a projection is
 * evaluated on several values.
 */
export class JmesTrace {
  private readonly literals: readonly JsonValue[];
  private readonly functions: JmesFunctions;
  private readonly run: Run;
  private readonly trail: Trail;
  private readonly text: JmesText;

  constructor(literals: readonly JsonValue[], functions: JmesFunctions, run: Run, trail: Trail) {
    this.literals = literals;
    this.functions = functions;
    this.run = run;
    this.trail = trail;
    this.text = new JmesText(literals);
  }

  /**
   * What a part yields for each of the inputs.
   *
   * @param before the text of what yielded the inputs
   */
  of(given: JmesNode, inputs: readonly Selected[], before = ''): readonly Selected[] {
    const node = withNotOutside(given);
    if (node.type === 'Identity' || node.type === 'Current') return inputs;
    if (node.type === 'Subexpression' || node.type === 'IndexExpression') {
      return this.of(node.right, this.of(node.left, inputs, before), this.text.of(node.left, before));
    }
    if (node.type === 'Pipe') {
      return this.of(node.right, this.of(node.left, inputs, before), this.text.pipe(node.left, before));
    }
    if (node.type === 'OrExpression' || node.type === 'AndExpression') return this.junction(node, inputs, before);
    if (isProjection(node)) return this.projection(node, inputs, before);
    this.parts(node, inputs, before);
    return this.whole(node, inputs, before);
  }

  private parts(node: JmesNode, inputs: readonly Selected[], before: string): void {
    // Of nothing a list or object is not made, so its parts are not evaluated.
    const isMade = node.type === 'MultiSelectList' || node.type === 'MultiSelectHash';
    const made = isMade ? inputs.filter((input) => input !== undefined && input !== null) : inputs;
    if (made.length === 0) return;
    for (const part of partsOf(node)) this.of(part, made, before);
  }

  private projection(node: BinaryNode, inputs: readonly Selected[], before: string): readonly Selected[] {
    const sources = this.of(node.left, inputs, before).map((source) => elementsOf(node, source));
    const text = this.text.elements(node, before);
    const lists = node.type === 'FilterProjection' ? this.filtered(node.condition, sources, text) : sources;
    const elements = lists.flatMap((list) => list ?? []);
    if (node.type !== 'FilterProjection') this.found({ text }, elements);
    const results = this.of(node.right, elements, text).values();
    return lists.map((list) => list?.map(() => results.next().value).filter((result) => result !== undefined));
  }

  private filtered(
    condition: JmesNode,
    sources: readonly (readonly JsonValue[] | undefined)[],
    text: string,
  ): readonly (readonly JsonValue[] | undefined)[] {
    const passes = this.compile(condition);
    const lists = sources.map((source) => source?.filter((one) => this.isTruthy(passes(one, this.run.budget))));
    const candidates = sources.flatMap((source) => source ?? []);
    const tests = testsOf(condition).map((test) => this.test(test, candidates));
    const passed = lists.flatMap((list) => list ?? []);
    const explained = tests.map(({ missing: _, ...test }) => test);
    this.found({ text, tests: explained }, passed, () => tests.find(({ missing }) => missing)?.missing);
    return lists;
  }

  /** On its own, though in its place another test may have kept it from failing. */
  private test(test: JmesNode, candidates: readonly JsonValue[]): ExplainedTest & { missing: Missing | undefined } {
    const passes = this.compile(test);
    const passedCount = candidates.filter((one) => attempt(() => this.isTruthy(passes(one, this.run.budget)))).length;
    const aside: Trail = { steps: [] };
    attempt(() => new JmesTrace(this.literals, this.functions, this.run, aside).of(test, candidates));
    return { text: this.text.of(test), candidateCount: candidates.length, passedCount, missing: aside.missing };
  }

  private junction(node: BinaryNode, inputs: readonly Selected[], before: string): readonly Selected[] {
    const goesOn = node.type === 'AndExpression';
    const lefts = this.of(node.left, inputs, before);
    const undecided = inputs.filter((_, index) => this.isTruthy(lefts[index]) === goesOn);
    const rights = (undecided.length === 0 ? [] : this.of(node.right, undecided, before)).values();
    const results = lefts.map((left) => (this.isTruthy(left) === goesOn ? rights.next().value : left));
    return this.found({ text: this.text.of(node, before) }, results);
  }

  /** A part that is evaluated as a whole, its own parts having been noted before. */
  private whole(node: JmesNode, inputs: readonly Selected[], before: string): readonly Selected[] {
    const text = this.text.of(node, before);
    const evaluate = this.compile(node);
    try {
      const results = inputs.map((input) => evaluate(input, this.run.budget));
      return this.found({ text }, results, () => missingMember(node, inputs, before, this.run));
    } catch (error) {
      this.trail.steps.push({ text, count: 0, values: [] });
      throw error;
    }
  }

  private found(
    step: Pick<ExplainedStep, 'text' | 'tests'>,
    results: readonly Selected[],
    missing: () => Missing | undefined = () => undefined,
  ): readonly Selected[] {
    const values = results.filter((result) => result !== undefined && result !== null);
    if (values.length === 0) this.trail.missing ??= missing() ?? { names: [], places: [] };
    const { steps } = this.trail;
    // `a[]` and `a[1:]` are written alike as lists and as what is done to their elements.
    if (steps.at(-1)?.text === step.text) steps.pop();
    steps.push({ ...step, count: values.length, values: values.slice(0, SHOWN_COUNT).map(shownValue) });
    return results;
  }

  private isTruthy(value: Selected): boolean {
    return isTruthy(value, this.run.budget);
  }

  private compile(node: JmesNode): Evaluate {
    return new JmesCompiler(this.literals, this.functions).compile(node);
  }
}

/** Undefined where the evaluation fails. @throws IngestError LIMIT_EXCEEDED */
function attempt<Result>(evaluate: () => Result): Result | undefined {
  try {
    return evaluate();
  } catch (error) {
    if (!(error instanceof IngestError) || error.code === 'LIMIT_EXCEEDED') throw error;
    return undefined;
  }
}

/** The member that no input has, where the node asks for one; inputs the expression made itself are nowhere in the root. */
function missingMember(node: JmesNode, inputs: readonly Selected[], before: string, run: Run): Missing | undefined {
  if (node.type !== 'Field') return undefined;
  const wanted = new Set(inputs);
  const all = selfAndBelow({ value: run.root, keys: [] }, run);
  const places = all.filter(({ value }) => isObject(value) && wanted.has(value));
  // A match is in the message and in matchedToken; what the expression said is meant.
  const named = places.filter(({ keys }) => jmesPathOf(keys) === before);
  return { names: [node.name], places: named.length === 0 ? places : named };
}
