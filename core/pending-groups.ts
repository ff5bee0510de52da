import { hashFraction, nextAttempt } from './backoff.ts';
import { approximateBytes, firstPosition, freshPart, lastPosition } from './batch-parts.ts';
import type { DeliveryOutcome, KeptRows, OutcomeCounts, WaitingOutcome } from './delivery.ts';
import { addOutcomes, boundedKey } from './delivery.ts';
import type { EndedRun } from './ended-run.ts';
import { markAfterTakeOver } from './ended-run.ts';
import type { IngestErrorCode } from './errors.ts';
import { INGEST_ERRORS } from './errors.ts';
import type { MeasurementBatch } from './measurement-rows.ts';
import { filterRows, isClaimed, rowCount, withoutUnused } from './measurement-rows.ts';
import type { OperatorDecision, OperatorRequest } from './operator-request.ts';
import { isSameDecision, MOST_REQUESTS } from './operator-request.ts';
import type {
  OversizedPart,
  PendingBook,
  PendingCounts,
  PendingSettings,
  PendingState,
  RequestState,
  WaitingGroup,
  WaitingReason,
} from './pending-state.ts';
import { NOTHING_PENDING } from './pending-state.ts';
import type { Mark, StreamId } from './position.ts';
import { correctedMark, markKey, raisedMark } from './position.ts';
import { isReplay } from './replay.ts';
import { windowClosesAt } from './window.ts';

/** What one delivery took, and from where; it stays part of the state until its outcome is recorded. */
export interface Delivery {
  readonly batches: readonly MeasurementBatch[];
  /** Parallel to `batches`: the group each waited in, if it did. */
  readonly origins: readonly (WaitingGroup | undefined)[];
}

/** Rows nothing could be decided of wait under this key until they can be grouped. */
const UNDECIDED = 'undecided';
const DAY_MS = 86_400_000;
/** A replay that has to begin again after so many others is taken in twice, which changes nothing in FHIR. */
const MOST_REPLAY_STREAMS = 500;
/** A write proves these troubles over: what waits for them is tried again at once. */
const MENDED_BY_A_WRITE = new Set<IngestErrorCode>([
  'DEVICE_NOT_FOUND',
  'DEVICE_AMBIGUOUS',
  'DEVICE_WITHOUT_PATIENT',
  'DEVICE_RETIRED',
  'PATIENT_ID_MISSING',
  'PATIENT_AMBIGUOUS',
  'PATIENT_RETIRED',
  'FHIR_UNREACHABLE',
  'FHIR_THROTTLED',
  'FHIR_UNAUTHORIZED',
  'FHIR_FORBIDDEN',
  'FHIR_WRONG_ENDPOINT',
  'DELIVERY_UNFINISHED',
]);

/**
 * The measurements of one device and type between arrival and FHIR: an open window, a delivery under way, groups that
 * wait. Pure: the caller passes the instant (`now`, milliseconds since 1970) and what came of a delivery. Every
 * measurement taken in is in exactly one of buffer, delivery, waiting and totals.
 */
export class PendingGroups {
  #settings: PendingSettings;
  /** Spreads windows and retries; depends on the workflow alone. */
  readonly #share: number;
  #marks: Map<string, Mark>;
  #totals: OutcomeCounts;
  #duplicateCount: number;
  #receivedUnderDroppedMarks: number;
  #recoveredRunIds: readonly string[];
  #buffer: MeasurementBatch[];
  #bufferedBytes: number;
  #windowClosesAt: number | undefined;
  #windowCount: number;
  #waiting: Map<string, WaitingGroup>;
  #delivery: Delivery | undefined;
  #requests: readonly OperatorRequest[];
  #decisions: Map<string, OperatorDecision>;

  constructor(settings: PendingSettings, workflowId: string, carried: PendingState = NOTHING_PENDING) {
    this.#settings = settings;
    this.#share = hashFraction(workflowId);
    this.#marks = new Map(carried.marks.map((mark) => [markKey(mark), mark]));
    this.#totals = carried.totals;
    this.#duplicateCount = carried.duplicateCount;
    this.#receivedUnderDroppedMarks = carried.receivedUnderDroppedMarks;
    this.#recoveredRunIds = carried.recoveredRunIds;
    this.#buffer = [...carried.buffer];
    this.#bufferedBytes = approximateBytes(this.#buffer);
    this.#windowClosesAt = carried.windowClosesAt;
    this.#windowCount = carried.windowCount;
    this.#waiting = new Map(carried.waiting.map((group) => [group.key, group]));
    this.#requests = carried.requests ?? [];
    this.#decisions = decisionsById(carried.decisions);
  }

  /** Other settings from now on; a window that is open keeps its end. */
  configure(settings: PendingSettings): void {
    this.#settings = settings;
  }

  /** Takes in what lies above the mark of its stream and partition, and raises the mark. Order within a batch is position order. */
  append(batch: MeasurementBatch, now: number): void {
    const mark = this.#marks.get(markKey(batch));
    const fresh = freshPart(batch, mark?.through);
    const freshCount = fresh === undefined ? 0 : rowCount(fresh);
    this.#duplicateCount += rowCount(batch) - freshCount;
    if (fresh === undefined) return;
    const ends = { first: firstPosition(fresh), last: lastPosition(fresh) };
    this.#marks.set(markKey(batch), raisedMark(mark, batch, { ...ends, count: freshCount, now }));
    if (mark === undefined) this.#boundReplayMarks();
    this.#openWindow(now);
    this.#buffer.push(fresh);
    this.#bufferedBytes += approximateBytes([fresh]);
  }

  /**
   * Takes over what a run before this one had taken in and not decided, with its sums.
   *
   * @returns false when it has been taken over already; nothing changes then
   */
  takeOver(ended: EndedRun, now: number): boolean {
    if (this.#recoveredRunIds.includes(ended.runId)) return false;
    const { book, held } = ended;
    for (const mark of book.marks) {
      this.#marks.set(markKey(mark), markAfterTakeOver(mark, this.#marks.get(markKey(mark))));
    }
    this.#totals = addOutcomes(this.#totals, book.totals);
    this.#duplicateCount += book.duplicateCount;
    this.#receivedUnderDroppedMarks += book.receivedUnderDroppedMarks;
    this.#recoveredRunIds = [...this.#recoveredRunIds, ended.runId, ...book.recoveredRunIds];
    this.#requests = [...(book.requests ?? []), ...this.#requests].slice(-MOST_REQUESTS);
    this.#decisions = new Map([...decisionsById(book.decisions), ...this.#decisions]);
    if (held.length === 0) return true;
    this.#openWindow(now);
    this.#buffer.push(...held);
    this.#bufferedBytes += approximateBytes(held);
    return true;
  }

  /** True while anything is buffered, under way or waiting. */
  hasWork(): boolean {
    return this.#buffer.length > 0 || this.#waiting.size > 0 || this.#delivery !== undefined;
  }

  /** The next instant at which something is due; undefined when nothing is pending. */
  dueAt(): number | undefined {
    const instants = [...this.#waiting.values()].map((group) => group.nextAttemptAt);
    if (this.#isFull()) return 0;
    if (this.#windowClosesAt !== undefined) instants.push(this.#windowClosesAt);
    return instants.length === 0 ? undefined : instants.reduce((a, b) => Math.min(a, b));
  }

  isDue(now: number): boolean {
    const dueAt = this.dueAt();
    return dueAt !== undefined && dueAt <= now;
  }

  /** Closes the open window now. */
  flush(now: number): void {
    if (this.#windowClosesAt !== undefined) this.#windowClosesAt = now;
  }

  /** Makes every waiting group due now. */
  retryAll(now: number): void {
    this.retry(this.groups(), now);
  }

  /** Makes groups that wait due now. */
  retry(groups: readonly WaitingGroup[], now: number): void {
    for (const group of groups) this.#waiting.set(group.key, { ...group, nextAttemptAt: now });
  }

  /**
   * What an operator decided of groups that wait: it goes with every measurement in them, is carried out with the next
   * delivery, and concerns none that joins them later.
   */
  decide(groups: readonly WaitingGroup[], decision: OperatorDecision, now: number): void {
    this.#decisions.set(decision.requestId, decision);
    for (const group of groups) {
      const mark = { requestId: decision.requestId, waitedFor: group.code };
      const batches = group.batches.map((batch) => ({ ...batch, decision: mark }));
      this.#waiting.set(group.key, { ...group, batches, nextAttemptAt: now });
    }
  }

  /** What operators decided of these batches. */
  decisionsOf(batches: readonly MeasurementBatch[]): OperatorDecision[] {
    const ids = new Set(batches.flatMap(({ decision }) => (decision === undefined ? [] : [decision.requestId])));
    return [...this.#decisions.values()].filter(({ requestId }) => ids.has(requestId));
  }

  /** Remembers a request, and forgets the oldest of too many. */
  note(request: OperatorRequest): void {
    this.#requests = [...this.#requests, request].slice(-MOST_REQUESTS);
  }

  /** The latest requests, the newest last, and how much of each is still to be done. */
  requests(): RequestState[] {
    const held = this.held();
    return this.#requests.map((request) => ({
      ...request,
      openCount: countRows(held.filter(({ decision }) => decision?.requestId === request.requestId)),
    }));
  }

  /** How many measurements the open window holds. */
  bufferedCount(): number {
    return countRows(this.#buffer);
  }

  /** Takes what is due: the closed window first, so that what waits never delays what is well. */
  take(now: number): Delivery {
    const batches: MeasurementBatch[] = [];
    const origins: (WaitingGroup | undefined)[] = [];
    let { maxDeliveryRows: roomRows, maxDeliveryBytes: roomBytes } = this.#settings;
    const takeFrom = (queue: MeasurementBatch[], origin: WaitingGroup | undefined): void => {
      // At least one batch, whatever its size: a delivery of nothing would be due again at once, for ever.
      while (queue.length > 0 && (batches.length === 0 || (roomRows > 0 && roomBytes > 0))) {
        const batch = queue.shift();
        if (batch === undefined) return;
        batches.push(batch);
        origins.push(origin);
        roomRows -= rowCount(batch);
        roomBytes -= approximateBytes([batch]);
      }
    };
    if (this.#isFull() || (this.#windowClosesAt ?? Infinity) <= now) {
      takeFrom(this.#buffer, undefined);
      this.#bufferedBytes = approximateBytes(this.#buffer);
      // What had no room belongs to a closed window: it goes with the next delivery, at once.
      this.#windowClosesAt = this.#buffer.length === 0 ? undefined : now;
    }
    const due = [...this.#waiting.values()].filter((group) => group.nextAttemptAt <= now);
    for (const group of due.sort((a, b) => a.nextAttemptAt - b.nextAttemptAt)) {
      const queue = [...group.batches];
      takeFrom(queue, group);
      if (queue.length === 0) this.#waiting.delete(group.key);
      else this.#waiting.set(group.key, { ...group, batches: queue });
    }
    this.#delivery = { batches, origins };
    return this.#delivery;
  }

  /** Books what came of the delivery under way: what was decided leaves, what waits stays under its key. */
  record(outcome: DeliveryOutcome, now: number): void {
    const delivery = this.#endDelivery();
    this.#totals = addOutcomes(this.#totals, outcome.counts);
    for (const { batch, count } of outcome.claimCounts) this.#correctReceived(delivery.batches[batch], count);
    for (const waiting of outcome.waiting) this.#keep(delivery, waiting, now);
    if (outcome.counts.written > 0) this.#retryWhatAWriteMends(new Set(outcome.waiting.map(({ key }) => key)), now);
  }

  /** Nothing could be decided: all of the delivery waits, ungrouped. */
  recordUndecided(reason: { code: IngestErrorCode; message: string; retryAfterMs?: number }, now: number): void {
    const rows = (this.#delivery?.batches ?? []).map((_, batch) => ({ batch }));
    const delivery = this.#endDelivery();
    this.#keep(delivery, { ...reason, key: UNDECIDED, rows }, now);
  }

  /** The delivery under way was called off without an outcome: it is due again, as it was. */
  putBack(now: number): void {
    const delivery = this.#delivery;
    if (delivery === undefined) return;
    this.#delivery = undefined;
    const fresh = delivery.batches.filter((_, i) => delivery.origins[i] === undefined);
    if (fresh.length > 0) {
      this.#buffer = [...fresh, ...this.#buffer];
      this.#bufferedBytes = approximateBytes(this.#buffer);
      this.#windowClosesAt = now;
    }
    delivery.origins.forEach((origin, i) => {
      const batch = delivery.batches[i];
      if (origin === undefined || batch === undefined) return;
      const known = this.#waiting.get(origin.key);
      this.#waiting.set(origin.key, { ...(known ?? origin), batches: [...(known?.batches ?? []), batch] });
    });
  }

  /**
   * Waiting inline batches that should leave the state, the largest group's first; undefined while they are few. The
   * caller stores them and hands the claims to `setAside`, until there are none.
   */
  tooLarge(): OversizedPart | undefined {
    return this.#oversized(this.groups(), this.#settings.maxInlineBytes);
  }

  /** As `tooLarge`, before a continue-as-new: the buffer counts too. */
  tooLargeToCarry(): OversizedPart | undefined {
    return this.#oversized([...this.groups(), { batches: this.#buffer }], this.#settings.maxCarriedBytes);
  }

  /**
   * Replaces batches by the claims that stand for them. They are told by what they hold: an operator may have decided of
   * their group meanwhile, which then holds for the claims.
   */
  setAside(part: OversizedPart, stored: readonly MeasurementBatch[]): void {
    const before = new Map(part.batches.map((batch) => [batch.content, batch.decision]));
    const replaceIn = (batches: readonly MeasurementBatch[]): MeasurementBatch[] => {
      const replaced = batches.filter(({ content }) => before.has(content));
      const decided = replaced.find(({ content, decision }) => !isSameDecision(decision, before.get(content)));
      const claims = decided === undefined ? stored : stored.map((batch) => ({ ...batch, decision: decided.decision }));
      return [...(claims as MeasurementBatch[]), ...batches.filter(({ content }) => !before.has(content))];
    };
    if (part.key === undefined) {
      this.#buffer = replaceIn(this.#buffer);
      this.#bufferedBytes = approximateBytes(this.#buffer);
      return;
    }
    const group = this.#waiting.get(part.key);
    if (group !== undefined) this.#waiting.set(part.key, { ...group, batches: replaceIn(group.batches) });
  }

  /** The worst trouble there is: what to show of a workflow at a glance. */
  trouble(): WaitingReason | undefined {
    const groups = [...this.#waiting.values()];
    const stuck = groups.filter((group) => group.phase === 'stuck');
    return (stuck.length > 0 ? stuck : groups).sort((a, b) => a.since - b.since)[0];
  }

  groups(): readonly WaitingGroup[] {
    return [...this.#waiting.values()];
  }

  /** Every claim the state refers to. */
  claims(): string[] {
    return this.held().flatMap(({ content }) => (isClaimed(content) ? [content.claim] : []));
  }

  counts(): PendingCounts {
    return {
      received: [...this.#marks.values()].reduce((sum, m) => sum + m.receivedCount, this.#receivedUnderDroppedMarks),
      duplicates: this.#duplicateCount,
      buffered: this.bufferedCount(),
      delivering: countRows(this.#delivery?.batches ?? []),
      waiting: this.groups().reduce((sum, group) => sum + countRows(group.batches), 0),
      outcomes: this.#totals,
    };
  }

  marks(): readonly Mark[] {
    return [...this.#marks.values()];
  }

  windowEndsAt(): number | undefined {
    return this.#windowClosesAt;
  }

  book(): PendingBook {
    return {
      marks: this.marks(),
      totals: this.#totals,
      duplicateCount: this.#duplicateCount,
      receivedUnderDroppedMarks: this.#receivedUnderDroppedMarks,
      recoveredRunIds: this.#recoveredRunIds,
      requests: this.#requests,
      decisions: this.decisionsOf(this.held()),
    };
  }

  /** Every batch that is buffered, under way or waiting. */
  held(): MeasurementBatch[] {
    return [...this.#buffer, ...(this.#delivery?.batches ?? []), ...this.groups().flatMap(({ batches }) => batches)];
  }

  /** For a continue-as-new; a delivery under way must have been recorded or put back. */
  carryOver(now: number): PendingState {
    this.#dropOldMarks(now);
    return {
      version: 1,
      ...this.book(),
      buffer: this.#buffer,
      ...(this.#windowClosesAt !== undefined && { windowClosesAt: this.#windowClosesAt }),
      windowCount: this.#windowCount,
      waiting: this.groups(),
    };
  }

  /** The largest part's inline batches, as many as one call may carry; undefined while all together are few enough. */
  #oversized(parts: readonly OversizedPart[], limit: number): OversizedPart | undefined {
    const inline = parts.map((part) => {
      const batches = part.batches.filter((batch) => !isClaimed(batch.content));
      return { part, batches, bytes: approximateBytes(batches) };
    });
    if (inline.reduce((sum, { bytes }) => sum + bytes, 0) <= limit) return undefined;
    const largest = inline.reduce((a, b) => (b.bytes > a.bytes ? b : a));
    let room = this.#settings.maxDeliveryBytes;
    const batches = largest.batches.filter((batch) => {
      const fits = room > 0;
      room -= approximateBytes([batch]);
      return fits;
    });
    return { ...(largest.part.key !== undefined && { key: largest.part.key }), batches };
  }

  #isFull(): boolean {
    return this.bufferedCount() >= this.#settings.maxRows || this.#bufferedBytes >= this.#settings.maxBytes;
  }

  #openWindow(now: number): void {
    if (this.#windowClosesAt !== undefined) return;
    this.#windowClosesAt = windowClosesAt(this.#settings, now, this.#windowCount === 0, this.#share);
    this.#windowCount += 1;
  }

  #endDelivery(): Delivery {
    const delivery = this.#delivery;
    if (delivery === undefined) throw new RangeError('No delivery is under way');
    this.#delivery = undefined;
    return delivery;
  }

  #keep(delivery: Delivery, outcome: WaitingOutcome, now: number): void {
    const batches = outcome.rows.flatMap((rows) => keptBatch(delivery, rows));
    if (batches.length === 0) return;
    const key = boundedKey(this.#waiting, outcome.key, outcome.code);
    const known = this.#waiting.get(key);
    const retried = originsOf(delivery, outcome.rows);
    // Whoever joins a group that goes on resting rests with it; whoever was tried again is judged by its own attempts.
    const resting = known !== undefined && retried.length === 0;
    const reason = resting ? known : this.#reasonAfterAttempt(outcome, retried, now);
    this.#waiting.set(key, { ...reason, key, batches: [...(known?.batches ?? []), ...batches] });
  }

  #reasonAfterAttempt(outcome: WaitingOutcome, retried: readonly WaitingGroup[], now: number): WaitingReason {
    const attemptCount = 1 + Math.max(0, ...retried.map((group) => group.attemptCount));
    const patient = INGEST_ERRORS[outcome.code].kind === 'waiting';
    const { phase, restMs } = nextAttempt(this.#settings.retry, attemptCount, patient, this.#share);
    const nextAttemptAt = now + Math.max(restMs, outcome.retryAfterMs ?? 0);
    const since = Math.min(now, ...retried.map((group) => group.since));
    return { code: outcome.code, message: outcome.message, phase, attemptCount, since, nextAttemptAt };
  }

  /** @param justTried groups of the same delivery: the write came no later than their failure */
  #retryWhatAWriteMends(justTried: ReadonlySet<string>, now: number): void {
    for (const group of this.#waiting.values()) {
      if (justTried.has(group.key)) continue;
      const isMended = MENDED_BY_A_WRITE.has(group.code);
      if (!isMended && INGEST_ERRORS[group.code].kind !== 'transient') continue;
      // Other passing troubles may be of the group's own: it is tried before long, but not after every window.
      const soon = isMended ? now : now + this.#settings.retry.slowInitialMs;
      this.#waiting.set(group.key, { ...group, nextAttemptAt: Math.min(group.nextAttemptAt, soon) });
    }
  }

  #correctReceived(batch: MeasurementBatch | undefined, count: number): void {
    if (batch === undefined) return;
    const excess = rowCount(batch) - count;
    this.#duplicateCount += excess;
    const mark = this.#marks.get(markKey(batch));
    if (mark === undefined) this.#receivedUnderDroppedMarks -= excess;
    else this.#marks.set(markKey(batch), correctedMark(mark, lastPosition(batch), excess));
  }

  #dropOldMarks(now: number): void {
    for (const { stream, usedAt } of this.#replayStreams()) if (now - usedAt >= DAY_MS) this.#dropMarks(stream);
  }

  /** Every replay is a stream of its own, and the marks of all of them are carried over. */
  #boundReplayMarks(): void {
    for (const { stream } of this.#replayStreams().slice(0, -MOST_REPLAY_STREAMS)) this.#dropMarks(stream);
  }

  /** The one that was used least lately first. */
  #replayStreams(): { readonly stream: StreamId; readonly usedAt: number }[] {
    const usedAt = new Map<StreamId, number>();
    for (const mark of this.#marks.values()) {
      if (!isReplay(mark.stream)) continue;
      usedAt.set(mark.stream, Math.max(mark.usedAt, usedAt.get(mark.stream) ?? 0));
    }
    return [...usedAt].map(([stream, at]) => ({ stream, usedAt: at })).sort((a, b) => a.usedAt - b.usedAt);
  }

  /** All marks of a stream together: what one of them counts says nothing without the others. */
  #dropMarks(stream: StreamId): void {
    for (const [key, mark] of this.#marks) {
      if (mark.stream !== stream) continue;
      this.#receivedUnderDroppedMarks += mark.receivedCount;
      this.#marks.delete(key);
    }
  }
}

function decisionsById(decisions: readonly OperatorDecision[] = []): Map<string, OperatorDecision> {
  return new Map(decisions.map((decision) => [decision.requestId, decision]));
}

function countRows(batches: readonly MeasurementBatch[]): number {
  return batches.reduce((sum, batch) => sum + rowCount(batch), 0);
}

function keptBatch(delivery: Delivery, kept: KeptRows): MeasurementBatch[] {
  if ('claimed' in kept) return [kept.claimed];
  const batch = delivery.batches[kept.batch];
  if (batch === undefined) throw new RangeError('An outcome names a batch that was not delivered');
  const { rows } = kept;
  if (rows === undefined || isClaimed(batch.content)) return [batch];
  const content = filterRows(batch.content, (_, index) => rows.some(([from, to]) => index >= from && index < to));
  // Many groups may each keep a few rows of one batch: they must not each keep all of its lists.
  return content.rows.length === 0 ? [] : [{ ...batch, content: withoutUnused(content) }];
}

function originsOf(delivery: Delivery, rows: readonly KeptRows[]): WaitingGroup[] {
  return rows.flatMap((kept) => {
    const origin = delivery.origins[kept.batch];
    return origin === undefined ? [] : [origin];
  });
}
