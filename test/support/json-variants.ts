const ODD_VALUES = [undefined, null, {}, [], '', ' ', 'x', '60', 5, 0, true, [null], [5], [[]], [{}]];

/** Every copy of a value in which one part, however deep, is another value or has one member more. */
export function* variants(value: unknown, at = ''): Generator<{ readonly at: string; readonly value: unknown }> {
  for (const odd of ODD_VALUES)
    yield { at: `${at} = ${odd === undefined ? 'absent' : JSON.stringify(odd)}`, value: odd };
  if (typeof value !== 'object' || value === null) return;
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries())
      for (const each of variants(item, `${at}/${index}`)) yield { ...each, value: value.with(index, each.value) };
    return;
  }
  yield { at: `${at}/surprise`, value: { ...value, surprise: 1 } };
  for (const [name, member] of Object.entries(value))
    for (const each of variants(member, `${at}/${name}`)) yield { ...each, value: { ...value, [name]: each.value } };
}
