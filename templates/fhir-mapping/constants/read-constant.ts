import { fhirDecimal } from '../../../core/decimal.ts';
import type { TemplateNode } from '../../template-file.ts';
import type { TemplateObject } from '../template-object.ts';
import { elementsOf, saidIn, typeNamed } from './fhir-elements.ts';
import type { FhirElement } from './fhir-elements.ts';
import { primitiveNamed } from './fhir-primitives.ts';
import type { PrimitiveType } from './fhir-primitives.ts';
import { tableOf } from './fhir-types.ts';
import type { FhirType } from './fhir-types.ts';

/**
 * An element of FHIR's JSON, as it stands in a mapping; numbers keep their digits. What FHIR would not take is noted at
 * its place.
 *
 * @param object that the element belongs to
 */
export function readConstant(object: TemplateObject, node: TemplateNode, element: FhirElement): unknown {
  checkElement(object, node, element);
  return verbatim(node);
}

function checkElement(object: TemplateObject, node: TemplateNode, { type, isList }: FhirElement): void {
  if (!isList) {
    checkValue(object, node, type);
  } else if (node.kind === 'array') {
    checkNotEmpty(object, node);
    for (const item of node.items) checkValue(object, item, type);
  } else {
    object.wrongKind(node, 'a list');
  }
}

function checkValue(object: TemplateObject, node: TemplateNode, name: string): void {
  const primitive = primitiveNamed(name);
  if (primitive !== undefined) {
    checkPrimitive(object, node, name, primitive);
    return;
  }
  const inner = object.inside(node);
  if (inner === undefined) return;
  checkNotEmpty(object, node);
  const type = typeNamed(name);
  if (type === undefined) checkUndescribed(object, node);
  else if (node.members.size > 0) checkMembers(inner, type);
}

function checkMembers(object: TemplateObject, type: FhirType): void {
  const elements = elementsOf(type);
  for (const [name, node] of object.node.members) {
    const element = elements.get(name);
    const expected = `Unknown element; FHIR has ${Object.keys(tableOf(type)).join(', ')} here`;
    if (element === undefined) object.error(node, 'TEMPLATE_MEMBER_UNKNOWN', expected);
    else checkElement(object, node, element);
  }
  for (const [name, { isRequired }] of elements) if (isRequired && !object.node.members.has(name)) object.missing(name);
  checkTogether(object, type);
}

/** What depends on more than one element. */
function checkTogether(object: TemplateObject, type: FhirType): void {
  const said = saidIn(object.node.members.keys());
  for (const [name, needed] of Object.entries(type.needs ?? {}))
    if (said.has(name) && !said.has(needed)) object.missing(needed);
  if (type.count === undefined) return;
  const { of, min, max } = type.count;
  const saidCount = [...said].filter((name) => of.includes(elementsOf(type).get(name)?.tableName ?? '')).length;
  const expected = of.join(' or ');
  if (saidCount < min) object.error(object.node, 'TEMPLATE_MEMBER_MISSING', `Expected ${expected}`);
  if (max !== undefined && saidCount > max)
    object.invalid(object.node, `Expected ${expected}, and no more than one of them`);
}

function checkPrimitive(object: TemplateObject, node: TemplateNode, name: string, type: PrimitiveType): void {
  const kind = type.type === 'integer' ? 'number' : type.type;
  if (node.kind !== kind) object.wrongKind(node, `a ${kind}, as FHIR writes a ${name}`);
  else if (isBlank(node)) object.error(node, 'TEMPLATE_MEMBER_BLANK', 'Expected a text that is not blank');
  else if (!isWithin(node, type)) object.invalid(node, `Expected ${wordsFor(name, type)}`);
}

function wordsFor(name: string, type: PrimitiveType): string {
  return 'description' in type ? type.description : `what FHIR takes as ${name}`;
}

function isWithin({ digits = '', value }: TemplateNode, type: PrimitiveType): boolean {
  switch (type.type) {
    case 'boolean':
    case 'number':
      return true;
    case 'integer':
      return /^-?\d+$/.test(digits) && Number(digits) >= type.minimum && Number(digits) <= type.maximum;
    case 'string':
      return new RegExp(type.pattern, 'u').test(String(value));
  }
}

/** In a type that is not described here nothing may be empty; all else is let in. */
function checkUndescribed(object: TemplateObject, node: TemplateNode): void {
  if (node.kind === 'null') object.wrongKind(node, 'a value');
  if (isBlank(node)) object.error(node, 'TEMPLATE_MEMBER_BLANK', 'Expected a text that is not blank');
  for (const inner of [...node.items, ...node.members.values()]) {
    checkNotEmpty(object, inner);
    checkUndescribed(object, inner);
  }
}

function checkNotEmpty(object: TemplateObject, node: TemplateNode): void {
  const isHollow = node.kind === 'array' || node.kind === 'object';
  if (isHollow && node.items.length + node.members.size === 0)
    object.invalid(node, 'Expected something in it: FHIR has no empty lists and objects');
}

function isBlank({ kind, value }: TemplateNode): boolean {
  return kind === 'string' && String(value).trim() === '';
}

function verbatim({ kind, digits, value, items, members }: TemplateNode): unknown {
  if (kind === 'array') return items.map(verbatim);
  if (kind === 'object') return Object.fromEntries([...members].map(([name, node]) => [name, verbatim(node)]));
  return digits === undefined ? value : fhirDecimal(digits);
}
