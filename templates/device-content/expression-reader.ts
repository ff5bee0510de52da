import { compileExpression } from '../expression/expression.ts';
import type { Expression, ExpressionLanguage } from '../expression/expression.ts';
import { ExpressionSyntaxError } from '../expression/expression-syntax-error.ts';
import type { TemplateNode } from '../template-file.ts';
import type { PlacedExpression } from './content-template.ts';
import { lintValueExpression } from './expression-lint.ts';
import { EXPRESSION_MEMBERS } from './kinds/expression-members.ts';
import type { KindContext } from './template-kind.ts';
import { TemplateMembers } from './template-members.ts';
import type { Report } from './template-members.ts';

const LANGUAGES: ReadonlyMap<string, ExpressionLanguage> = new Map([
  ['jsonpath', 'JsonPath'],
  ['jmespath', 'JmesPath'],
  ['0', 'JsonPath'],
  ['1', 'JmesPath'],
]);

/** What the expressions of a template may be, and what they see. */
export interface ExpressionRules {
  /** See `ContentTemplate.scope`. */
  readonly scope: 'message' | 'match';
  /** Whether they may be objects and name their language. */
  readonly hasLanguages: boolean;
}

/** A language by name or by the original's number; undefined after reporting any other. */
export function readLanguage(report: Report, node: TemplateNode): ExpressionLanguage | undefined {
  const isName = node.kind === 'string' || node.kind === 'number';
  const language = isName ? LANGUAGES.get(String(node.value).toLowerCase()) : undefined;
  if (!language) {
    report(node, 'error', 'EXPRESSION_LANGUAGE_UNKNOWN', 'Expected the language "JsonPath" or "JmesPath"');
  }
  return language;
}

/** Reads and compiles the expressions of one template. */
export class ExpressionReader<Name extends string> {
  private readonly rules: ExpressionRules;
  private readonly language: ExpressionLanguage;
  private readonly context: KindContext;

  /** @param language of expressions that are plain texts */
  constructor(rules: ExpressionRules, language: ExpressionLanguage, context: KindContext) {
    this.rules = rules;
    this.language = language;
    this.context = context;
  }

  /** @param member as errors name it, where that is more than its name */
  required(members: TemplateMembers<Name>, name: Name, member: string = name): PlacedExpression | undefined {
    const node = members.required(name);
    return node && this.read(members, node, name, member, 'error');
  }

  /** Absent where it is missing or null; where it is blank too, except in CalculatedContent. */
  optional(members: TemplateMembers<Name>, name: Name, member: string = name): PlacedExpression | undefined {
    const node = members.given(name);
    return node && this.read(members, node, name, member, this.rules.hasLanguages ? 'error' : 'warning');
  }

  private read(
    members: TemplateMembers<Name>,
    node: TemplateNode,
    name: Name,
    member: string,
    ifBlank: 'error' | 'warning',
  ): PlacedExpression | undefined {
    const { report, functions } = this.context;
    const source = this.rules.hasLanguages ? this.source(members, node, name) : this.text(members, node, name);
    if (!source) return undefined;
    if (source.text.trim() === '') {
      const words = ifBlank === 'error' ? 'must not be blank' : 'is blank and counts as absent';
      report(source.node, ifBlank, 'TEMPLATE_MEMBER_BLANK', `"${name}" ${words}`);
      return undefined;
    }
    const expression = this.compile(source);
    if (expression === undefined) return undefined;
    const warnings = [
      ...expression.warnings,
      ...(name === 'typeMatchExpression' ? [] : lintValueExpression(expression, this.rules.scope, functions)),
    ];
    for (const { code, message, offset } of warnings) report(source.node, 'warning', code, message, offset);
    return { member, expression };
  }

  /** A text in the template's language, or an object with `value` and `language`. */
  private source(members: TemplateMembers<Name>, node: TemplateNode, name: Name): Source | undefined {
    const { report } = this.context;
    if (node.kind === 'string') return this.text(members, node, name);
    if (node.kind !== 'object') {
      report(node, 'error', 'TEMPLATE_MEMBER_KIND', `Expected "${name}" to be a text or an object with "value"`);
      return undefined;
    }
    const parts = new TemplateMembers<keyof typeof EXPRESSION_MEMBERS>(node, EXPRESSION_MEMBERS, report);
    parts.reportUnknown('warning');
    const value = parts.required('value');
    const text = value && parts.text(value, 'value');
    const given = parts.given('language');
    const language = given && given.value !== '' ? readLanguage(report, given) : this.language;
    return value && text !== undefined && language ? { node: value, text, language } : undefined;
  }

  private text(members: TemplateMembers<Name>, node: TemplateNode, name: Name): Source | undefined {
    const text = members.text(node, name);
    return text === undefined ? undefined : { node, text, language: this.language };
  }

  private compile({ node, text, language }: Source): Expression | undefined {
    try {
      return compileExpression(text, language, this.context.functions);
    } catch (error) {
      if (!(error instanceof ExpressionSyntaxError)) throw error;
      const place = error.offset === undefined ? '' : `, at character ${error.offset + 1}`;
      const message = `Not valid ${language}${place}: ${error.message}`;
      this.context.report(node, 'error', 'EXPRESSION_SYNTAX', message, error.offset);
      return undefined;
    }
  }
}

interface Source {
  readonly node: TemplateNode;
  readonly text: string;
  readonly language: ExpressionLanguage;
}
