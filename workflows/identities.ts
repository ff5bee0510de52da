import type { Delivery } from '../core/pending-groups.ts';
import type { IdentityAnswer, IdentityIds, IdentityQuestion, IdentityResolved } from '../core/identity.ts';
import { identityKey } from '../core/identity.ts';
import { compareInstantTexts, isClaimed } from '../core/measurement-rows.ts';
import type { KnownIdentity } from './messages.ts';

/** A workflow meets few identities; one whose messages change ids all the time must not grow without bound. */
const MOST_KNOWN = 50;

/** What the workflow has been told of patients and encounters, each believed for a bounded time from its answer on. */
export class Identities {
  #maxAgeMs: number;
  readonly #known: Map<string, KnownIdentity>;

  constructor(maxAgeMs: number, carried: readonly KnownIdentity[] = []) {
    this.#maxAgeMs = maxAgeMs;
    this.#known = new Map(carried.map((known) => [identityKey(known.ids), known]));
  }

  /** Another age from now on, for what is learnt from now on. */
  configure(maxAgeMs: number): void {
    this.#maxAgeMs = maxAgeMs;
  }

  /** The answer, if it is fresh and reaches back far enough. */
  answerTo(question: IdentityQuestion, now: number): IdentityResolved | undefined {
    const known = this.#known.get(identityKey(question.ids));
    if (known === undefined || known.validUntil <= now) return undefined;
    if (compareInstantTexts(question.from, known.coversFrom) < 0) return undefined;
    return { ok: true, assignments: known.assignments, coversFrom: known.coversFrom };
  }

  /** Never prolongs: an answer is believed for so long from the moment it was asked for. */
  learn(ids: IdentityIds, answer: IdentityAnswer, askedAt: number): void {
    const key = identityKey(ids);
    this.#known.delete(key);
    if (!answer.ok) return;
    const { assignments, coversFrom } = answer;
    this.#known.set(key, { ids, assignments, coversFrom, validUntil: askedAt + this.#maxAgeMs });
    for (const oldest of this.#known.keys()) {
      if (this.#known.size <= MOST_KNOWN) break;
      this.#known.delete(oldest);
    }
  }

  /** All of them have to be asked for again. */
  forget(): void {
    this.#known.clear();
  }

  carryOver(now: number): KnownIdentity[] {
    return [...this.#known.values()].filter((known) => known.validUntil > now);
  }
}

/** One question for each distinct patient and encounter of a delivery, over the time span of its readings. */
export function questionsOf(delivery: Delivery): IdentityQuestion[] {
  const questions = new Map<string, IdentityQuestion>();
  const add = ({ patientId, encounterId }: IdentityIds, from: string, to: string): void => {
    const ids = { ...(patientId !== undefined && { patientId }), ...(encounterId !== undefined && { encounterId }) };
    const known = questions.get(identityKey(ids));
    questions.set(identityKey(ids), {
      ids,
      from: known !== undefined && compareInstantTexts(known.from, from) < 0 ? known.from : from,
      to: known !== undefined && compareInstantTexts(known.to, to) > 0 ? known.to : to,
    });
  };
  for (const { content, decision } of delivery.batches) {
    if (decision !== undefined) continue; // an operator has given the answer, or none is needed
    if (isClaimed(content)) for (const ids of content.ids) add(ids, content.from, content.to);
    else for (const row of content.rows) add(content.ids[row[4]] ?? {}, row[2], row[2]);
  }
  return [...questions.values()];
}
