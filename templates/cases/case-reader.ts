import type { Observation } from 'fhir/r4.js';
import { findNodeAtLocation, getNodeValue } from 'jsonc-parser';
import type { Node } from 'jsonc-parser';
import { parse } from 'lossless-json';
import { z } from 'zod';
import type { Measurement } from '../../core/measurement.ts';
import { parseTicks } from '../../core/ticks.ts';
import { normalizationExpectation, transformExpectation } from './expectation.ts';
import type { Expectation, NormalizationCase, TemplateSource, TransformCase } from './mapping-case.ts';

/** Null counts as absent. */
const OptionalText = z.string().nullish();
const Group = z.object({
  type: z.string(),
  deviceId: z.string(),
  patientId: OptionalText,
  encounterId: OptionalText,
  correlationId: OptionalText,
  measurements: z.array(
    z.object({
      occurrenceTimeUtc: z.string(),
      ingestionTimeUtc: OptionalText,
      properties: z.array(z.object({ name: z.string(), value: OptionalText })),
    }),
  ),
});
const Ids = z.object({ device: z.string(), patient: z.string(), encounter: OptionalText });

/**
 * Reads the members of one case. Templates, messages and resources are taken as the file's own text, so that none of
 * their digits and spellings is lost.
 */
export class CaseReader {
  readonly problems: string[] = [];
  private readonly text: string;
  private readonly node: Node;
  private readonly name: string;

  /** @param node an object */
  constructor(text: string, node: Node, name: string) {
    this.text = text;
    this.node = node;
    this.name = name;
  }

  /** Whether a member is there and not null. */
  has(member: string): boolean {
    return this.member(member) !== undefined;
  }

  normalizationCase(): NormalizationCase | undefined {
    const template = this.source('template');
    const expectation = this.expectation(normalizationExpectation);
    const message = this.member('message');
    if (message !== undefined && message.type !== 'object') this.problems.push('message: expected an object');
    const messageText = this.string('messageText') ?? (message && this.sourceText(message));
    const bodyText = this.string('bodyText');
    const enqueuedAt = this.string('enqueuedAt');
    if (enqueuedAt !== undefined && parseTicks(enqueuedAt) === undefined)
      this.problems.push('enqueuedAt: expected an instant as YYYY-MM-DDThh:mm:ssZ');
    if (template === undefined || expectation === undefined || this.problems.length > 0) return undefined;
    return {
      kind: 'normalization',
      name: this.name,
      template,
      expectation,
      ...(messageText !== undefined && { messageText }),
      ...(bodyText !== undefined && { bodyText }),
      ...(enqueuedAt !== undefined && { enqueuedAt }),
    };
  }

  transformCase(): TransformCase | undefined {
    const mapping = this.source('mapping');
    const expectation = this.expectation(transformExpectation);
    const group = this.parsed('group', Group);
    const ids = this.parsed('ids', Ids);
    const existing = this.has('existing') ? this.lossless('existing') : undefined;
    if (!mapping || !expectation || !group || !ids || this.problems.length > 0) return undefined;
    const { encounter, ...owner } = ids;
    return {
      kind: 'transform',
      name: this.name,
      mapping,
      expectation,
      type: group.type,
      measurements: measurementsOf(group),
      ids: { ...owner, ...present('encounter', encounter) },
      ...(existing !== undefined && { existing: existing as Observation }),
    };
  }

  /** `template` as JSON, `templateText` as text, or `templateFile`; the first that is there. */
  private source(member: 'template' | 'mapping'): TemplateSource | undefined {
    const text = this.string(`${member}Text`);
    if (text !== undefined) return { text };
    const file = this.string(`${member}File`);
    if (file !== undefined) return { file };
    const node = this.member(member);
    if (node !== undefined) return { text: this.sourceText(node) };
    this.problems.push(`expected a ${member}, ${member}Text or ${member}File`);
    return undefined;
  }

  private expectation(read: (expect: unknown) => Expectation | string): Expectation | undefined {
    const expectation = read(this.has('expect') ? this.lossless('expect') : undefined);
    if (typeof expectation !== 'string') return expectation;
    this.problems.push(`expect: ${expectation}`);
    return undefined;
  }

  private parsed<Schema extends z.ZodType>(member: string, schema: Schema): z.infer<Schema> | undefined {
    const node = this.member(member);
    const result = schema.safeParse(node && getNodeValue(node));
    if (result.success) return result.data;
    const problems = result.error.issues.map(({ path, message }) => `${[member, ...path].join('/')}: ${message}`);
    this.problems.push(...problems);
    return undefined;
  }

  /** Its numbers are `LosslessNumber`, their digits kept. */
  private lossless(member: string): unknown {
    const node = this.member(member);
    try {
      return node && parse(this.sourceText(node));
    } catch {
      // It is JSON already, so this is all the reader has against it.
      this.problems.push(`${member}: a member comes twice in one object`);
      return undefined;
    }
  }

  private string(member: string): string | undefined {
    const node = this.member(member);
    const value: unknown = node && getNodeValue(node);
    if (value === undefined || typeof value === 'string') return value;
    this.problems.push(`${member}: expected a text`);
    return undefined;
  }

  private member(name: string): Node | undefined {
    const node = findNodeAtLocation(this.node, [name]);
    return node?.type === 'null' ? undefined : node;
  }

  private sourceText({ offset, length }: Node): string {
    return this.text.slice(offset, offset + length);
  }
}

/** A value that is null carries nothing. Without a time of ingestion the later in the group counts as the later. */
function measurementsOf({ measurements, ...shared }: z.infer<typeof Group>): Measurement[] {
  const { type, deviceId, patientId, encounterId, correlationId } = shared;
  return measurements.map(({ occurrenceTimeUtc, ingestionTimeUtc, properties }) => ({
    type,
    deviceId,
    ...present('patientId', patientId),
    ...present('encounterId', encounterId),
    ...present('correlationId', correlationId),
    occurrenceTimeUtc,
    ingestionTimeUtc: ingestionTimeUtc ?? occurrenceTimeUtc,
    properties: properties.flatMap(({ name, value }) => (typeof value === 'string' ? [{ name, value }] : [])),
  }));
}

function present<Name extends string>(name: Name, value: string | null | undefined): Partial<Record<Name, string>> {
  return value === null || value === undefined ? {} : ({ [name]: value } as Record<Name, string>);
}
