import { compileExpression } from '../expression/expression.ts';
import type { Expression, ExpressionLanguage } from '../expression/expression.ts';
import { ExpressionSyntaxError } from '../expression/expression-syntax-error.ts';
import type { TemplateNode } from '../template-file.ts';
import type { PlacedExpression } from './content-template.ts';
import { TemplateMembers } from './template-members.ts';
import type { TemplateKind } from './template-kinds.ts';

const LANGUAGES: Readonly<Record<string, ExpressionLanguage>> = {
  jsonpath: 'JsonPath',
  jmespath: 'JmesPath',
  '0': 'JsonPath',
  '1': 'JmesPath',
};

/** A language by name or by the original's number; undefined after reporting any other. */
export function readLanguage(members: TemplateMembers, node: TemplateNode): ExpressionLanguage | undefined {
  const isName = node.kind === 'string' || node.kind === 'number';
  const language = isName ? LANGUAGES[String(node.value).toLowerCase()] : undefined;
  if (!language) {
    members.report(node, 'error', 'EXPRESSION_LANGUAGE_UNKNOWN', 'Expected the language "JsonPath" or "JmesPath"');
  }
  return language;
}

/** Reads and compiles the expressions of one template. */
export class ExpressionReader {
  private readonly kind: TemplateKind;
  private readonly language: ExpressionLanguage;

  constructor(kind: TemplateKind, language: ExpressionLanguage) {
    this.kind = kind;
    this.language = language;
  }

  /** @param member as errors name it, where that is more than its name */
  required(members: TemplateMembers, name: string, member = name): PlacedExpression | undefined {
    const node = members.required(name);
    return node && this.read(members, node, name, member, 'error');
  }

  /** Absent where it is missing or null; where it is blank too, except in CalculatedContent. */
  optional(members: TemplateMembers, name: string, member = name): PlacedExpression | undefined {
    const node = members.given(name);
    return node && this.read(members, node, name, member, this.kind.hasLanguages ? 'error' : 'warning');
  }

  private read(
    members: TemplateMembers,
    node: TemplateNode,
    name: string,
    member: string,
    ifBlank: 'error' | 'warning',
  ): PlacedExpression | undefined {
    const source = this.kind.hasLanguages ? this.source(members, node, name) : this.text(members, node, name);
    if (!source) return undefined;
    if (source.text.trim() === '') {
      const words = ifBlank === 'error' ? 'must not be blank' : 'is blank and counts as absent';
      members.report(source.node, ifBlank, 'TEMPLATE_MEMBER_BLANK', `"${name}" ${words}`);
      return undefined;
    }
    const expression = this.compile(members, source);
    if (expression && name !== 'typeMatchExpression') this.warnOfRecursion(members, source.node, expression);
    return expression && { member, expression };
  }

  /** A text in the template's language, or an object with `value` and `language`. */
  private source(members: TemplateMembers, node: TemplateNode, name: string): Source | undefined {
    if (node.kind === 'string') return this.text(members, node, name);
    if (node.kind !== 'object') {
      members.report(
        node,
        'error',
        'TEMPLATE_MEMBER_KIND',
        `Expected "${name}" to be a text or an object with "value"`,
      );
      return undefined;
    }
    const parts = new TemplateMembers(node, members.report);
    parts.onlyKnows(['value', 'language'], 'warning');
    const value = parts.required('value');
    const text = value && parts.text(value, 'value');
    const given = parts.given('language');
    const language = given && given.value !== '' ? readLanguage(parts, given) : this.language;
    return value && text !== undefined && language ? { node: value, text, language } : undefined;
  }

  private text(members: TemplateMembers, node: TemplateNode, name: string): Source | undefined {
    const text = members.text(node, name);
    return text === undefined ? undefined : { node, text, language: this.language };
  }

  private compile(members: TemplateMembers, { node, text, language }: Source): Expression | undefined {
    try {
      const expression = compileExpression(text, language);
      for (const { code, message } of expression.warnings) members.report(node, 'warning', code, message);
      return expression;
    } catch (error) {
      if (!(error instanceof ExpressionSyntaxError)) throw error;
      const place = error.offset === undefined ? '' : `, at character ${error.offset + 1}`;
      members.report(node, 'error', 'EXPRESSION_SYNTAX', `Not valid ${language}${place}: ${error.message}`);
      return undefined;
    }
  }

  private warnOfRecursion(members: TemplateMembers, node: TemplateNode, { language, text }: Expression): void {
    if (this.kind.scope !== 'message' || language !== 'JsonPath' || !/^\s*\$?\.\./.test(text)) return;
    members.report(
      node,
      'warning',
      'JSONPATH_SEES_MATCH_TWICE',
      '".." from the root finds what is in the match twice, in the message and in matchedToken',
    );
  }
}

interface Source {
  readonly node: TemplateNode;
  readonly text: string;
  readonly language: ExpressionLanguage;
}
