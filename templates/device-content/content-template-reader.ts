import { compileExpression } from '../expression/expression.ts';
import type { TemplateNode } from '../template-file.ts';
import type { ContentTemplate, PlacedExpression, ValueTemplate } from './content-template.ts';
import { ExpressionReader, readLanguage } from './expression-reader.ts';
import { TemplateMembers } from './template-members.ts';
import type { Report } from './template-members.ts';
import { DEFAULT_LANGUAGE, TEMPLATE_KINDS } from './template-kinds.ts';
import type { TemplateKind } from './template-kinds.ts';

const MEMBERS = [
  'typeName',
  'typeMatchExpression',
  'deviceIdExpression',
  'timestampExpression',
  'patientIdExpression',
  'encounterIdExpression',
  'correlationIdExpression',
  'values',
];
const VALUE_MEMBERS = ['valueName', 'valueExpression', 'required'];

/** Reads one element of a collection; undefined after reporting what is wrong with it. */
export function readContentTemplate(item: TemplateNode, index: number, report: Report): ContentTemplate | undefined {
  if (item.kind !== 'object') {
    report(item, 'error', 'TEMPLATE_MEMBER_KIND', 'Expected an object with "templateType" and "template"');
    return undefined;
  }
  const kind = readKind(item, report);
  const body = item.member('template');
  if (body?.kind !== 'object') {
    report(body ?? item, 'error', 'TEMPLATE_MEMBER_KIND', 'Expected "template" to be an object');
    return undefined;
  }
  return kind && new ContentTemplateReader(kind, new TemplateMembers(body, report)).read(index);
}

function readKind(item: TemplateNode, report: Report): TemplateKind | undefined {
  const type = item.member('templateType');
  const spelling = typeof type?.value === 'string' ? type.value.toLowerCase() : '';
  const kind = TEMPLATE_KINDS.find(({ spellings }) => spellings.some((one) => one.toLowerCase() === spelling));
  if (!kind) {
    const names = TEMPLATE_KINDS.map(({ spellings }) => `"${spellings[0] ?? ''}"`).join(', ');
    report(type ?? item, 'error', 'TEMPLATE_TYPE_UNKNOWN', `Expected "templateType" to be one of ${names}`);
  }
  return kind;
}

class ContentTemplateReader {
  private readonly kind: TemplateKind;
  private readonly members: TemplateMembers;
  private readonly expressions: ExpressionReader;

  constructor(kind: TemplateKind, members: TemplateMembers) {
    this.kind = kind;
    this.members = members;
    this.expressions = new ExpressionReader(kind, this.defaultLanguage());
  }

  read(index: number): ContentTemplate | undefined {
    this.members.onlyKnows(this.kind.hasLanguages ? [...MEMBERS, 'defaultExpressionLanguage'] : MEMBERS);
    const typeName = this.members.requiredText('typeName');
    const typeMatch = this.expressions.required(this.members, 'typeMatchExpression');
    const deviceId = this.fixed('deviceIdExpression', [this.kind.fixed?.deviceId])?.[0];
    const timestamps = this.fixed('timestampExpression', this.kind.fixed?.timestamps ?? [undefined]);
    const ids = {
      ...optional('correlationId', this.expressions.optional(this.members, 'correlationIdExpression')),
      ...optional('patientId', this.expressions.optional(this.members, 'patientIdExpression')),
      ...optional('encounterId', this.expressions.optional(this.members, 'encounterIdExpression')),
    };
    const values = this.values();
    if (typeName === undefined || !typeMatch || !deviceId || !timestamps) return undefined;
    return { index, typeName, scope: this.kind.scope, typeMatch, deviceId, timestamps, ...ids, values };
  }

  private defaultLanguage() {
    const given = this.kind.hasLanguages ? this.members.node.member('defaultExpressionLanguage') : undefined;
    return (given && readLanguage(this.members, given)) ?? DEFAULT_LANGUAGE;
  }

  /** The kind's own expressions, where it has them; else the template's. */
  private fixed(
    name: string,
    [first, ...others]: readonly (string | undefined)[],
  ): readonly [PlacedExpression, ...PlacedExpression[]] | undefined {
    if (first === undefined) {
      const given = this.expressions.required(this.members, name);
      return given && [given];
    }
    const supplied = this.members.given(name);
    if (supplied) {
      this.members.report(supplied, 'warning', 'TEMPLATE_MEMBER_IGNORED', `"${name}" is fixed for this templateType`);
    }
    const compile = (text = '') => ({ member: name, expression: compileExpression(text, 'JsonPath') });
    return [compile(first), ...others.map(compile)];
  }

  private values(): ValueTemplate[] {
    const list = this.kind.hasLanguages ? this.members.required('values') : this.members.given('values');
    if (!list) {
      if (!this.kind.hasLanguages) {
        this.members.report(
          this.members.node,
          'warning',
          'TEMPLATE_VALUES_MISSING',
          'Without "values" nothing is measured',
        );
      }
      return [];
    }
    if (list.kind !== 'array') {
      this.members.report(list, 'error', 'TEMPLATE_MEMBER_KIND', 'Expected "values" to be an array');
      return [];
    }
    return list.items.flatMap((item, index) => this.value(item, index) ?? []);
  }

  private value(item: TemplateNode, index: number): ValueTemplate | undefined {
    if (item.kind !== 'object') {
      this.members.report(
        item,
        'error',
        'TEMPLATE_MEMBER_KIND',
        'Expected an object with "valueName" and "valueExpression"',
      );
      return undefined;
    }
    const members = new TemplateMembers(item, this.members.report);
    members.onlyKnows(VALUE_MEMBERS);
    const name = members.requiredText('valueName');
    const isRequired = members.flag('required');
    const place = `values[${index}].valueExpression`;
    if (!members.required('valueExpression')) return undefined;
    const value = isRequired
      ? this.expressions.required(members, 'valueExpression', place)
      : this.expressions.optional(members, 'valueExpression', place);
    return name !== undefined && value ? { name, isRequired, value } : undefined;
  }
}

function optional<Name extends string>(
  name: Name,
  expression: PlacedExpression | undefined,
): Partial<Record<Name, PlacedExpression>> {
  return expression ? ({ [name]: expression } as Record<Name, PlacedExpression>) : {};
}
