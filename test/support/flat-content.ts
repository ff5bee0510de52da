import { compileExpression } from '../../templates/expression/expression.ts';
import { fixed, numberArgument } from '../../templates/expression/jmes-function.ts';
import type { JmesFunction } from '../../templates/expression/jmes-function.ts';
import { listOf, objectSchema, TEXT } from '../../templates/template-schema.ts';
import type { MemberTable } from '../../templates/template-schema.ts';
import type { TemplateKind } from '../../templates/device-content/template-kind.ts';
import { TemplateMembers } from '../../templates/device-content/template-members.ts';

const MEMBERS = {
  typeName: { description: 'The measurement type.', schema: TEXT, isRequired: true },
  device: { description: 'The member that holds the device id.', schema: TEXT, isRequired: true },
  time: { description: 'The member that holds the time.', schema: TEXT, isRequired: true },
  names: { description: 'The members that are values, named alike.', schema: listOf({ type: 'string' }) },
} satisfies MemberTable;

/** An example of a template type: bodies that are flat objects, without any expression to write. */
export const flatContent: TemplateKind = {
  spellings: ['FlatContent'],
  description: 'bodies that are flat objects',
  schema: objectSchema(MEMBERS),

  read(template, { index, report }) {
    const members = new TemplateMembers(template, MEMBERS, report);
    members.reportUnknown();
    const typeName = members.requiredText('typeName');
    const [device, time] = [members.requiredText('device'), members.requiredText('time')];
    if (typeName === undefined || device === undefined || time === undefined) return undefined;
    const member = (name: string, from: string) => ({
      member: from,
      expression: compileExpression(`['${name.replaceAll("'", "\\'")}']`, 'JsonPath'),
    });
    const names = members.given('names')?.items.flatMap(({ value }) => (typeof value === 'string' ? [value] : []));
    return {
      index,
      typeName,
      scope: 'match',
      typeMatch: { member: 'Body', expression: compileExpression('$.Body', 'JsonPath') },
      deviceId: member(device, 'device'),
      timestamps: [member(time, 'time')],
      values: (names ?? []).map((name) => ({ name, isRequired: false, value: member(name, 'names') })),
    };
  },
};

/** An example of a function. */
export const toCelsius: JmesFunction = fixed(1, (call) => ((Number(numberArgument(call, 0)) - 32) * 5) / 9);
