import { IngestError } from '../../core/errors.ts';
import type { IngestErrorKind } from '../../core/errors.ts';
import type { Loaded } from '../../core/template-issue.ts';
import type { FhirMapping, IdentifiedResource, ResourceGroup, ResourceTemplate } from '../fhir-mapping/load.ts';
import { caseError } from './case-error.ts';
import type { CaseActual, RefusedMeasurement, TransformCase } from './mapping-case.ts';

/** A case knows no clock: when its Observations are issued. */
const ISSUED_AT = '2024-01-01T00:00:00.000Z';
const BAD_DATA: IngestErrorKind = 'bad-data';

export function runTransformCase(mapping: Loaded<FhirMapping>, of: TransformCase): CaseActual {
  if (!mapping.ok) return { mappingInvalid: true, issues: mapping.issues };
  const template = mapping.template.forType(of.type);
  if (template === undefined)
    return failure(
      new IngestError('MAPPING_MISSING', `Expected the mapping to have a template of type ${of.type}`),
      [],
    );
  const transformation = new Transformation(template, of);
  try {
    return transformation.run();
  } catch (error) {
    return failure(error, transformation.refused);
  }
}

/** Does with the measurements of a case what the delivery of a batch does with them. */
class Transformation {
  readonly refused: RefusedMeasurement[] = [];
  private readonly template: ResourceTemplate;
  private readonly of: TransformCase;
  private firstRefusal: IngestError | undefined;

  constructor(template: ResourceTemplate, of: TransformCase) {
    this.template = template;
    this.of = of;
  }

  run(): CaseActual {
    const fine = this.judge();
    const groups = this.template.group(fine.flatMap((index) => this.of.measurements[index] ?? []));
    const { existing } = this.of;
    const result = existing === undefined ? this.create(groups, fine) : this.merge(groups, fine, existing);
    // Nothing was left to write: the first reason stands for all.
    if (this.firstRefusal !== undefined && result.writtenCount === 0) return failure(this.firstRefusal, this.refused);
    const refused = this.refused.toSorted((a, b) => a.index - b.index);
    return {
      observations: result.observations,
      ...(refused.length > 0 && { refused }),
      ...(result.isUnchanged && { unchanged: true }),
    };
  }

  /** The indexes of the measurements that can be written. */
  private judge(): number[] {
    return [...this.of.measurements.entries()].flatMap(([index, measurement]) => {
      const error = this.template.judge(measurement);
      if (error !== undefined) this.refuse([index], error);
      return error === undefined ? [index] : [];
    });
  }

  private create(groups: readonly ResourceGroup[], fine: readonly number[]) {
    const observations = groups.flatMap((group) => {
      if (group.isEmpty) return [];
      return this.orRefuse(group, fine, () => this.template.create(group, this.of.ids, ISSUED_AT)) ?? [];
    });
    // A group without a mapped value is not written, and not refused either.
    const emptyCount = groups.filter(({ isEmpty }) => isEmpty).length;
    return { observations, writtenCount: observations.length + emptyCount, isUnchanged: false };
  }

  /** One group after the other into the same Observation. @throws IngestError of kind waiting */
  private merge(groups: readonly ResourceGroup[], fine: readonly number[], existing: IdentifiedResource) {
    let stored = existing;
    let writtenCount = 0;
    for (const group of groups) {
      const merged = this.orRefuse(group, fine, () => this.template.merge(group, this.of.ids, stored));
      if (merged === undefined) continue;
      stored = merged.resource;
      writtenCount += 1;
    }
    return { observations: [stored], writtenCount, isUnchanged: stored === existing };
  }

  /** Bad data concerns the measurements of its group alone. */
  private orRefuse<Result>(
    { measurements }: ResourceGroup,
    fine: readonly number[],
    write: () => Result,
  ): Result | undefined {
    try {
      return write();
    } catch (error) {
      if (!(error instanceof IngestError) || error.kind !== BAD_DATA) throw error;
      const indexes = measurements.flatMap((index) => fine[index] ?? []);
      this.refuse(indexes, error);
      return undefined;
    }
  }

  private refuse(indexes: readonly number[], error: IngestError): void {
    this.firstRefusal ??= error;
    for (const index of indexes) {
      const occurrenceTimeUtc = this.of.measurements[index]?.occurrenceTimeUtc ?? '';
      this.refused.push({ index, occurrenceTimeUtc, ...caseError(error, 'UNEXPECTED') });
    }
  }
}

function failure(error: unknown, refused: readonly RefusedMeasurement[]): CaseActual {
  const waits = !(error instanceof IngestError) || error.kind !== BAD_DATA;
  return { error: { ...caseError(error, 'UNEXPECTED'), waits }, ...(refused.length > 0 && { refused }) };
}
