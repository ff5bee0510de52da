import {
  ActivityCancellationType,
  allHandlersFinished,
  CancellationScope,
  condition,
  continueAsNew,
  isCancellation,
  proxyActivities,
  setCurrentDetails,
  setHandler,
  sleep,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import type { createIdentityActivities } from '../activities/identity.ts';
import type { createKeepingActivities } from '../activities/keeping.ts';
import type { createObservationActivities } from '../activities/observations.ts';
import type { DeliveryOutcome } from '../core/delivery.ts';
import type { IdentityAnswer, IdentityIds, IdentityQuestion } from '../core/identity.ts';
import type { Delivery } from '../core/pending-groups.ts';
import type { OversizedPart, WaitingReason } from '../core/pending-state.ts';
import { PendingGroups } from '../core/pending-groups.ts';
import type { EndedRun } from '../core/ended-run.ts';
import { fitsSuccessor } from '../core/ended-run.ts';
import { describeHeld, describeState, describeWaiting } from './descriptions.ts';
import { failureReason } from './failures.ts';
import { Identities, questionsOf } from './identities.ts';
import type { DeviceMeasurementsInput, DeviceMeasurementsSettings } from './messages.ts';
import { groupsQuery, heldQuery, measurementsSignal, recoverUpdate, statusQuery } from './messages.ts';
import { handleOperators } from './operators.ts';
import { IomtReason, IomtState, IomtStuckSince } from './search-attributes.ts';

type FhirActivities = ReturnType<typeof createIdentityActivities> & ReturnType<typeof createObservationActivities>;

/** A server takes two thousand activities of one workflow at once; so many need never be under way. */
const QUESTIONS_AT_ONCE = 50;

/** Patient: what they keep is never lost by waiting. On the workflow's own task queue. */
const keeping = proxyActivities<ReturnType<typeof createKeepingActivities>>({
  startToCloseTimeout: '1 minute',
  retry: { initialInterval: '1s', maximumInterval: '1 minute' },
});

/**
 * Takes the measurements of one device and type, gathers them for a window, and writes them to FHIR. What cannot be
 * written waits here, visibly, for as long as it takes; everything else goes by it.
 *
 * A request to cancel changes nothing: what is held has nowhere else to be.
 */
export async function deviceMeasurements(input: DeviceMeasurementsInput): Promise<void> {
  await CancellationScope.nonCancellable(() => takeMeasurements(input));
}

async function takeMeasurements(input: DeviceMeasurementsInput): Promise<void> {
  const { carried, type } = input;
  let { settings } = input;
  const { workflowId, firstExecutionRunId } = workflowInfo();
  const pending = new PendingGroups(settings, workflowId, carried?.pending); // before any handler: handlers run on registration
  const identities = new Identities(settings.identityMaxAgeMs, carried?.identities);
  let lastArrivalAt = Date.now();

  setHandler(
    measurementsSignal,
    (batch, changed) => {
      lastArrivalAt = Date.now();
      if (changed !== undefined) {
        settings = changed;
        pending.configure(changed);
        identities.configure(changed.identityMaxAgeMs);
      }
      pending.append(batch, lastArrivalAt);
    },
    { description: 'Measurements from the ingest bridge' },
  );
  handleOperators(pending);
  setHandler(statusQuery, () => describeState(pending), { description: 'Sums, marks and the open window' });
  setHandler(groupsQuery, () => pending.groups().map(describeWaiting), {
    description: 'The groups that wait, and for what',
  });
  setHandler(heldQuery, (from) => describeHeld(pending, from), {
    description: 'Everything that is held, a page from the given index on',
  });
  setHandler(
    recoverUpdate,
    (ended) => {
      lastArrivalAt = Date.now();
      return pending.takeOver(ended, lastArrivalAt);
    },
    {
      description: 'Take over what an ended run of this workflow had taken in',
      validator: (ended: EndedRun) => {
        if (fitsSuccessor(ended, pending.marks())) return;
        throw new RangeError('Measurements have arrived since the ended run was looked at: put it together again');
      },
    },
  );

  let shown: WaitingReason | undefined = showTrouble(pending, undefined, carried !== undefined);
  const idleLeftMs = (): number => lastArrivalAt + settings.idleAfterMs - Date.now();
  void wakeWhenIdle(idleLeftMs, () => settings.idleAfterMs);
  for (;;) {
    await condition(() => pending.hasWork() || idleLeftMs() <= 0);
    if (!pending.hasWork()) {
      const sums = { counts: pending.counts(), marks: pending.marks() };
      await keeping.storeTotals({ workflowId, firstRunId: firstExecutionRunId, ...sums });
      // No await between this look and the end: what arrives later starts a new run. An ended run that held nothing may
      // have been taken over meanwhile: its sums are not in those stored.
      if (!pending.hasWork()) {
        if (idleLeftMs() <= 0) return;
        continue;
      }
    }
    setCurrentDetails(describeState(pending).details);
    await waitUntilDue(pending, type);
    await deliver({ ...input, settings }, pending, identities);
    shown = showTrouble(pending, shown, false);
    if (isLongEnough(settings)) {
      await condition(allHandlersFinished);
      await setAside(pending, () => pending.tooLargeToCarry());
      const now = Date.now();
      const next = { pending: pending.carryOver(now), identities: identities.carryOver(now) };
      await continueAsNew<typeof deviceMeasurements>({ ...input, settings, carried: next });
    }
  }
}

/**
 * One timer for the whole idle time, not one for every window: each costs two events. It only wakes the workflow up, so
 * that it looks whether it is idle.
 */
async function wakeWhenIdle(idleLeftMs: () => number, idleAfterMs: () => number): Promise<void> {
  for (;;) {
    const leftMs = idleLeftMs();
    // Nothing left and still here: something waits, for as long as it takes.
    await sleep(leftMs > 0 ? leftMs : idleAfterMs(), { summary: 'idle check' });
  }
}

/** One timer for the window and whatever waits; an early close or an operator ends it. */
async function waitUntilDue(pending: PendingGroups, type: string): Promise<void> {
  for (;;) {
    const dueAt = pending.dueAt();
    const restMs = (dueAt ?? 0) - Date.now();
    if (dueAt === undefined || restMs <= 0) return;
    const summary = pending.windowEndsAt() === dueAt ? `window of ${type}` : `next attempt of ${type}`;
    await condition(() => (pending.dueAt() ?? 0) < dueAt, restMs, { summary });
  }
}

async function deliver(input: DeviceMeasurementsInput, pending: PendingGroups, identities: Identities): Promise<void> {
  const before = pending.claims();
  const delivery = pending.take(Date.now());
  if (delivery.batches.length === 0) return;
  const attempt = new CancellationScope();
  const watch = new CancellationScope();
  const running = attempt.run(() => attemptDelivery(input, delivery, identities, pending));
  // An outage must not keep the history from being cut: the delivery is called off, and begins again in the next run.
  const calledOff = watch
    .run(() => condition(() => workflowInfo().continueAsNewSuggested))
    .then(() => {
      attempt.cancel();
      return running;
    });
  try {
    pending.record(await Promise.race([running, calledOff]), Date.now());
  } catch (error) {
    if (isCancellation(error) && attempt.consideredCancelled) pending.putBack(Date.now());
    else pending.recordUndecided(reasonOf(error), Date.now());
  } finally {
    watch.cancel();
  }
  await setAside(pending, () => pending.tooLarge());
  const held = new Set(pending.claims());
  const released = before.filter((claim) => !held.has(claim));
  if (released.length > 0) await keeping.releaseClaims(released);
}

function reasonOf(error: unknown): NonNullable<ReturnType<typeof failureReason>> {
  const reason = failureReason(error);
  if (reason === undefined) throw error;
  return reason;
}

async function attemptDelivery(
  input: DeviceMeasurementsInput,
  delivery: Delivery,
  identities: Identities,
  pending: PendingGroups,
): Promise<DeliveryOutcome> {
  const { deviceId, type, settings } = input;
  const activities = fhirActivities(settings, pending.trouble() !== undefined);
  const decisions = pending.decisionsOf(delivery.batches);
  const questions = questionsOf(delivery);
  const answers: { ids: IdentityIds; answer: IdentityAnswer }[] = [];
  for (let i = 0; i < questions.length; i += QUESTIONS_AT_ONCE) {
    const slice = questions.slice(i, i + QUESTIONS_AT_ONCE);
    const asked = slice.map((question) => answerOf(activities, deviceId, question, identities));
    (await Promise.all(asked)).forEach((answer, j) => answers.push({ ids: slice[j]?.ids ?? {}, answer }));
  }
  const count = delivery.batches.length;
  const outcome = await activities.upsertObservations.executeWithOptions(
    { summary: `${type}: ${count} ${count === 1 ? 'batch' : 'batches'}` },
    [
      {
        deviceId,
        type,
        batches: delivery.batches,
        identities: answers,
        decisions,
      },
    ],
  );
  // The server does not know a patient, device or encounter we believed in: ask again.
  if (outcome.waiting.some(({ code }) => code === 'REFERENCE_REJECTED')) identities.forget();
  return outcome;
}

async function answerOf(
  activities: ReturnType<typeof fhirActivities>,
  deviceId: string,
  question: IdentityQuestion,
  identities: Identities,
): Promise<IdentityAnswer> {
  const askedAt = Date.now();
  const known = identities.answerTo(question, askedAt);
  if (known !== undefined) return known;
  try {
    const answer = await activities.resolveIdentity(deviceId, question);
    identities.learn(question.ids, answer, askedAt);
    return answer;
  } catch (error) {
    const reason = failureReason(error);
    if (reason === undefined || isCancellation(error)) throw error;
    return { ok: false, code: reason.code, message: reason.message };
  }
}

/**
 * Fast retries happen inside Temporal, where each attempt costs no history; once something waits anyway, one attempt is
 * enough and the waiting groups carry the backoff.
 */
function fhirActivities(settings: DeviceMeasurementsSettings, inTrouble: boolean) {
  const { retry } = settings;
  return proxyActivities<FhirActivities>({
    taskQueue: settings.fhirTaskQueue,
    startToCloseTimeout: '5 minutes',
    heartbeatTimeout: '30s',
    cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
    retry: {
      initialInterval: retry.fastInitialMs,
      backoffCoefficient: 2,
      // Temporal refuses a maximum below the initial interval, and the workflow would be stuck with it.
      maximumInterval: Math.max(retry.fastInitialMs, retry.slowInitialMs),
      maximumAttempts: inTrouble ? 1 : Math.max(1, retry.fastAttempts),
    },
  });
}

async function setAside(pending: PendingGroups, tooLarge: () => OversizedPart | undefined): Promise<void> {
  const { workflowId } = workflowInfo();
  for (let part = tooLarge(); part !== undefined; part = tooLarge()) {
    pending.setAside(part, await keeping.setAside(workflowId, part.batches));
  }
}

function isLongEnough(settings: DeviceMeasurementsSettings): boolean {
  const { historyLength, continueAsNewSuggested } = workflowInfo();
  return continueAsNewSuggested || historyLength >= settings.continueAsNewEvents;
}

/** Search attributes change only when trouble comes, changes or goes: each change is a write to the visibility store. */
function showTrouble(
  pending: PendingGroups,
  shown: WaitingReason | undefined,
  isContinued: boolean,
): WaitingReason | undefined {
  setCurrentDetails(describeState(pending).details);
  const trouble = pending.trouble();
  const isSame = trouble?.phase === shown?.phase && trouble?.code === shown?.code && trouble?.since === shown?.since;
  // A continued run inherits what its predecessor showed.
  if (!isSame && !isContinued) {
    upsertSearchAttributes([
      { key: IomtState, value: trouble?.phase ?? null },
      { key: IomtReason, value: trouble?.code ?? null },
      { key: IomtStuckSince, value: trouble?.phase === 'stuck' ? new Date(trouble.since) : null },
    ]);
  }
  return trouble;
}
