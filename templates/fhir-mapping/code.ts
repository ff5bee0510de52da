import type { CodeableConcept, Coding } from 'fhir/r4.js';
import { CONNECTOR_SYSTEM } from '../../core/observation-identifier.ts';
import { OPTIONAL_TEXT } from '../template-schema.ts';
import type { MemberTable } from '../template-schema.ts';
import type { TemplateObject } from './template-object.ts';

/** A code of a mapping; what is absent is left out of the coding. */
export interface Code {
  readonly code?: string;
  readonly system?: string;
  readonly display?: string;
}

const MEMBERS = ['code', 'system', 'display'] as const;
export const CODE_MEMBERS: MemberTable<(typeof MEMBERS)[number]> = {
  code: { description: 'The code, such as 8867-4.', schema: OPTIONAL_TEXT },
  system: { description: 'The code system, such as http://loinc.org.', schema: OPTIONAL_TEXT },
  display: { description: 'What people read.', schema: OPTIONAL_TEXT },
};

/** @param members `checked` reports unknown ones, as the original does everywhere but in values */
export function readCode(object: TemplateObject, members: 'checked' | 'any'): Code {
  if (members === 'checked') object.rejectUnknown(MEMBERS);
  const entries = MEMBERS.map((name) => [name, object.text(name)] as const);
  return Object.fromEntries(entries.filter(([, text]) => text !== undefined));
}

/** FHIR has no empty elements: a concept without codings has none, a coding without members is left out. */
export function conceptOf(codes: readonly Code[], text: string | undefined): CodeableConcept {
  const coding = codes.filter((code) => Object.keys(code).length > 0).map(codingOf);
  return { ...(coding.length > 0 && { coding }), ...(text !== undefined && { text }) };
}

/** The concept of a type or a value name: the mapping's codes, and last the connector's own, by which it is found again. */
export function namedConcept(codes: readonly Code[], name: string): CodeableConcept {
  const code = codeOfName(name);
  return conceptOf([...codes, { system: CONNECTOR_SYSTEM, code, display: code }], code);
}

/** A name as a code: FHIR's have no white space at their ends. */
export function codeOfName(name: string): string {
  return name.trim();
}

/** Whether a stored concept says what the mapping says; members a server or a person added do not count. */
export function saysSame(stored: unknown, concept: CodeableConcept): boolean {
  const { coding, text } = (stored ?? {}) as { coding?: unknown; text?: unknown };
  const storedCodings: unknown[] = Array.isArray(coding) ? coding : [];
  const codings = concept.coding ?? [];
  return (
    text === concept.text &&
    storedCodings.length === codings.length &&
    codings.every((expected, index) => isSameCoding(storedCodings[index], expected))
  );
}

function isSameCoding(stored: unknown, expected: Coding): boolean {
  const found = (stored ?? {}) as Coding;
  return MEMBERS.every((name) => found[name] === expected[name]);
}

function codingOf({ system, code, display }: Code): Coding {
  return {
    ...(system !== undefined && { system }),
    ...(code !== undefined && { code }),
    ...(display !== undefined && { display }),
  };
}
