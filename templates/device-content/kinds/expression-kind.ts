import { compileExpression } from '../../expression/expression.ts';
import type { ExpressionLanguage } from '../../expression/expression.ts';
import { objectSchema } from '../../template-schema.ts';
import type { TemplateNode } from '../../template-file.ts';
import type { ContentTemplate, PlacedExpression, ValueTemplate } from '../content-template.ts';
import { ExpressionReader, readLanguage } from '../expression-reader.ts';
import type { ExpressionRules } from '../expression-reader.ts';
import type { KindContext, TemplateKind } from '../template-kind.ts';
import { TemplateMembers } from '../template-members.ts';
import { templateMembers, valueMembers } from './expression-members.ts';
import type { MemberName } from './expression-members.ts';

/** What sets the types apart whose templates are expressions. */
export interface ExpressionKindOptions extends ExpressionRules {
  readonly spellings: TemplateKind['spellings'];
  readonly description: string;
  /** Expressions that are fixed; what a template supplies for them is ignored. */
  readonly fixed?: { readonly deviceId: string; readonly timestamps: readonly [string, ...string[]] };
}

/** A type whose templates are expressions. */
export function expressionKind(options: ExpressionKindOptions): TemplateKind {
  const { spellings, description, hasLanguages, fixed } = options;
  const table = templateMembers(hasLanguages, fixed !== undefined);
  return {
    spellings,
    description,
    schema: objectSchema(table),
    read: (template, context) =>
      new ExpressionTemplateReader(options, new TemplateMembers(template, table, context.report), context).read(),
  };
}

const DEFAULT_LANGUAGE: ExpressionLanguage = 'JsonPath';

class ExpressionTemplateReader {
  private readonly kind: ExpressionKindOptions;
  private readonly members: TemplateMembers<MemberName>;
  private readonly context: KindContext;
  private readonly expressions: ExpressionReader<string>;
  private readonly valueNames = new Set<string>();

  constructor(kind: ExpressionKindOptions, members: TemplateMembers<MemberName>, context: KindContext) {
    this.kind = kind;
    this.members = members;
    this.context = context;
    this.expressions = new ExpressionReader(kind, this.defaultLanguage(), context);
  }

  read(): ContentTemplate | undefined {
    this.members.reportUnknown();
    const typeName = this.members.requiredText('typeName');
    const typeMatch = this.expressions.required(this.members, 'typeMatchExpression');
    const deviceId = this.fixed('deviceIdExpression', [this.kind.fixed?.deviceId])?.[0];
    const timestamps = this.fixed('timestampExpression', this.kind.fixed?.timestamps ?? [undefined]);
    const ids = {
      ...present('correlationId', this.expressions.optional(this.members, 'correlationIdExpression')),
      ...present('patientId', this.expressions.optional(this.members, 'patientIdExpression')),
      ...present('encounterId', this.expressions.optional(this.members, 'encounterIdExpression')),
    };
    const values = this.values();
    if (typeName === undefined || !typeMatch || !deviceId || !timestamps) return undefined;
    const { index } = this.context;
    return { index, typeName, scope: this.kind.scope, typeMatch, deviceId, timestamps, ...ids, values };
  }

  private defaultLanguage(): ExpressionLanguage {
    const given = this.kind.hasLanguages ? this.members.node.member('defaultExpressionLanguage') : undefined;
    return (given && readLanguage(this.context.report, given)) ?? DEFAULT_LANGUAGE;
  }

  /** The kind's own expressions, where it has them; else the template's. */
  private fixed(
    name: MemberName,
    [first, ...others]: readonly (string | undefined)[],
  ): readonly [PlacedExpression, ...PlacedExpression[]] | undefined {
    if (first === undefined) {
      const given = this.expressions.required(this.members, name);
      return given && [given];
    }
    const supplied = this.members.given(name);
    if (supplied) {
      this.context.report(supplied, 'warning', 'TEMPLATE_MEMBER_IGNORED', `"${name}" is fixed for this templateType`);
    }
    const compile = (text = '') => ({ member: name, expression: compileExpression(text, 'JsonPath') });
    return [compile(first), ...others.map(compile)];
  }

  private values(): ValueTemplate[] {
    const { report } = this.context;
    const list = this.kind.hasLanguages ? this.members.required('values') : this.members.given('values');
    if (!list) {
      if (!this.kind.hasLanguages)
        report(this.members.node, 'warning', 'TEMPLATE_VALUES_MISSING', 'Without "values" nothing is measured');
      return [];
    }
    if (list.kind !== 'array') {
      report(list, 'error', 'TEMPLATE_MEMBER_KIND', 'Expected "values" to be an array');
      return [];
    }
    return list.items.flatMap((item, index) => this.value(item, index) ?? []);
  }

  private value(item: TemplateNode, index: number): ValueTemplate | undefined {
    const { report } = this.context;
    if (item.kind !== 'object') {
      report(item, 'error', 'TEMPLATE_MEMBER_KIND', 'Expected an object with "valueName" and "valueExpression"');
      return undefined;
    }
    const members = new TemplateMembers(item, valueMembers(this.kind.hasLanguages), report);
    members.reportUnknown();
    const name = members.requiredText('valueName');
    if (name !== undefined) this.warnOfRepeatedName(members, name);
    const isRequired = members.flag('required');
    const place = `values[${index}].valueExpression`;
    if (!members.required('valueExpression')) return undefined;
    const value = isRequired
      ? this.expressions.required(members, 'valueExpression', place)
      : this.expressions.optional(members, 'valueExpression', place);
    return name !== undefined && value ? { name, isRequired, value } : undefined;
  }

  private warnOfRepeatedName({ node }: TemplateMembers<'valueName'>, name: string): void {
    if (this.valueNames.has(name)) {
      const words = `"${name}" names another value of this template too: a mapping takes the last that is found`;
      this.context.report(node.member('valueName') ?? node, 'warning', 'TEMPLATE_VALUE_NAME_REPEATED', words);
    }
    this.valueNames.add(name);
  }
}

function present<Name extends string>(
  name: Name,
  expression: PlacedExpression | undefined,
): Partial<Record<Name, PlacedExpression>> {
  return expression ? ({ [name]: expression } as Record<Name, PlacedExpression>) : {};
}
