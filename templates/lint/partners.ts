import { isMisspelt } from '../spelling.ts';
import type { MeasuredType } from './content-outline.ts';
import { valuesOf } from './mapping-outline.ts';
import type { MappedType } from './mapping-outline.ts';
import type { PlacedText, Warn } from './placed.ts';

/** How the two files fit: what one makes, the other is to take. */
export function lintPartners(
  measured: readonly MeasuredType[],
  mapped: readonly MappedType[],
  warn: { readonly deviceContent: Warn; readonly fhirMapping: Warn },
): void {
  for (const made of measured) lintMeasured(made, mapped, warn.deviceContent);
  for (const type of mapped) lintMapped(type, measured, warn.fhirMapping);
}

function lintMeasured(
  { typeName, valueNames, hasCorrelationId }: MeasuredType,
  mapped: readonly MappedType[],
  warn: Warn,
): void {
  const partner = mapped.find((type) => isSameType(type.typeName, typeName));
  if (partner === undefined) {
    const names = mapped.flatMap((type) => type.typeName?.text ?? []);
    const message = `The FHIR mapping has no type "${typeName.text}": its measurements wait${hint(typeName.text, names)}`;
    warn(typeName.node, 'TYPE_NOT_MAPPED', message);
    return;
  }
  if (partner.observation === undefined) return;
  if (partner.observation.interval === 'CorrelationId' && !hasCorrelationId) {
    const message = 'The FHIR mapping groups this type by correlation id: expected a correlationIdExpression';
    warn(typeName.node, 'CORRELATION_ID_NOT_MEASURED', message);
  }
  const names = valuesOf(partner.observation).flatMap(({ valueName }) => valueName?.text ?? []);
  for (const { node, text } of valueNames) {
    if (names.includes(text)) continue;
    const message = `The FHIR mapping of "${typeName.text}" takes no value "${text}": it is not written${hint(text, names)}`;
    warn(node, 'VALUE_NOT_MAPPED', message);
  }
}

function lintMapped({ typeName, observation }: MappedType, measured: readonly MeasuredType[], warn: Warn): void {
  if (typeName === undefined) return;
  const makers = measured.filter((made) => isSameType(made.typeName, typeName));
  if (makers.length === 0) {
    const names = measured.map((made) => made.typeName.text);
    warn(
      typeName.node,
      'TYPE_NOT_MEASURED',
      `No device content template makes "${typeName.text}"${hint(typeName.text, names)}`,
    );
    return;
  }
  const names = makers.flatMap(({ valueNames }) => valueNames.map(({ text }) => text));
  for (const { valueName } of observation === undefined ? [] : valuesOf(observation)) {
    if (valueName === undefined || names.includes(valueName.text)) continue;
    const message = `No device content template of "${typeName.text}" measures "${valueName.text}"${hint(valueName.text, names)}`;
    warn(valueName.node, 'VALUE_NOT_MEASURED', message);
  }
}

function isSameType(a: PlacedText | undefined, b: PlacedText): boolean {
  return a?.text.toLowerCase() === b.text.toLowerCase();
}

function hint(name: string, others: readonly string[]): string {
  const sameLetters = others.find((other) => other.toLowerCase() === name.toLowerCase());
  if (sameLetters !== undefined) return `; "${sameLetters}" differs in case, which counts`;
  const near = others.find((other) => isMisspelt(name, other));
  return near === undefined ? '' : `; is "${near}" meant?`;
}
