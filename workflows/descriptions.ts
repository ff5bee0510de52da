import { totalOutcomes } from '../core/delivery.ts';
import { approximateBytes } from '../core/batch-parts.ts';
import { compareInstantTexts, isClaimed, rowCount } from '../core/measurement-rows.ts';
import { groupIdOf } from '../core/operator-request.ts';
import type { PendingGroups } from '../core/pending-groups.ts';
import type { WaitingGroup } from '../core/pending-state.ts';
import { heldCount } from '../core/pending-state.ts';
import type { HeldPage, WaitingGroupView, WorkflowStatus } from './messages.ts';

/** Groups told of in words; the query has all. */
const MOST_SHOWN = 20;

/** The workflow as its queries show it, and in words for Temporal's UI (Markdown). */
export function describeState(pending: PendingGroups): WorkflowStatus & { readonly details: string } {
  const counts = pending.counts();
  const closesAt = pending.windowEndsAt();
  const groups = pending.groups();
  const lines = [
    `**${counts.received}** measurements taken in: ${counts.outcomes.written} written, ${heldCount(counts)} held, ` +
      `${totalOutcomes(counts.outcomes) - counts.outcomes.written} otherwise accounted for.`,
    ...(closesAt === undefined ? [] : [`The open window closes at ${isoOf(closesAt)}.`]),
    ...groups
      .slice(0, MOST_SHOWN)
      .map(
        (group) =>
          `- \`${groupIdOf(group.key)}\`: ${measurementCount(group)} measurements wait since ${isoOf(group.since)}: **${group.code}**, ${group.message}. ` +
          `Attempt ${group.attemptCount + 1} at ${isoOf(group.nextAttemptAt)}.`,
      ),
  ];
  return {
    counts,
    marks: pending.marks(),
    claimCount: pending.claims().length,
    ...(closesAt !== undefined && { windowClosesAt: isoOf(closesAt) }),
    requests: pending.requests().map(({ at, ...request }) => ({ ...request, at: isoOf(at) })),
    details: lines.join('\n\n'),
  };
}

export function describeWaiting(group: WaitingGroup): WaitingGroupView {
  const { key, code, message, phase, attemptCount } = group;
  return {
    id: groupIdOf(key),
    code,
    message,
    phase,
    attemptCount,
    measurementCount: measurementCount(group),
    ...spanOf(group),
    since: isoOf(group.since),
    nextAttemptAt: isoOf(group.nextAttemptAt),
  };
}

/** Well below the 2 MB that an answer may have. */
const PAGE_BYTES = 1_000_000;

/** At least one batch, where there is one: none is larger than a page. */
export function describeHeld(pending: PendingGroups, from: number): HeldPage {
  const held = pending.held();
  let next = from;
  for (let bytes = 0; next < held.length && bytes < PAGE_BYTES; next++)
    bytes += approximateBytes(held.slice(next, next + 1));
  return { book: pending.book(), batches: held.slice(from, next), ...(next < held.length && { next }) };
}

export function measurementCount(group: WaitingGroup): number {
  return group.batches.reduce((sum, batch) => sum + rowCount(batch), 0);
}

/** In any precision, as the measurements have it. */
function spanOf({ batches }: WaitingGroup): { from: string; to: string } {
  const times = batches
    .flatMap(({ content }) => (isClaimed(content) ? [content.from, content.to] : content.rows.map((row) => row[2])))
    .sort(compareInstantTexts);
  return { from: times[0] ?? '', to: times.at(-1) ?? '' };
}

function isoOf(ms: number): string {
  return new Date(ms).toISOString();
}
