import { WorkflowNotFoundError } from '@temporalio/client';
import { taskQueuesOf } from '../config/task-queues.ts';
import type { Config } from '../config/settings.ts';
import type { DeadLetter } from '../core/dead-letter.ts';
import type { JsonObject } from '../core/device-message.ts';
import { IngestError } from '../core/errors.ts';
import type { Measurement } from '../core/measurement.ts';
import type { MeasurementBatch } from '../core/measurement-rows.ts';
import { OperatorError } from '../core/operator-error.ts';
import type { OperatorWord } from '../core/operator-request.ts';
import type { Edit, LetterState, Replay } from '../core/replay.ts';
import { partsOf, replayStream } from '../core/replay.ts';
import { createDeviceContents } from '../ingest-bridge/active-content.ts';
import { coalesce, toBatch } from '../ingest-bridge/device-signals.ts';
import { createDispatch } from '../ingest-bridge/dispatch.ts';
import { deviceMessageOf } from '../ingest-bridge/event-message.ts';
import { workflowSettings } from '../ingest-bridge/workflow-settings.ts';
import { createClaims } from '../stores/claims.ts';
import type { LetterStates } from '../stores/letter-states.ts';
import { createLetterStates } from '../stores/letter-states.ts';
import { StoreConflictError } from '../stores/object-store.ts';
import { createTemplateVersions } from '../stores/template-versions.ts';
import { answerInTime } from './ask-workflow.ts';
import type { Deployment } from './deployment.ts';
import { readHeld } from './deployment.ts';

export interface ReplayOptions extends OperatorWord {
  readonly edit?: Edit;
  /** Also when it has been replayed before. */
  readonly again?: boolean;
}

/** A replay that every workflow has taken in. */
interface Replayed {
  readonly replay: Replay;
  /** It had been begun before, and went on where it was. */
  readonly isResumed: boolean;
}

/** The replay that was cut off before every workflow had its part; there is never more than one. */
export function begunReplay(state: LetterState | undefined): Replay | undefined {
  return state?.replays.find(({ handedOverAt }) => handedOverAt === undefined);
}

/**
 * Hands what a dead letter holds over to its workflows, as a stream of its own. One that was cut off goes on where it
 * was, with the same content: marks drop what has come already.
 *
 * @throws OperatorError when it was discarded, was replayed before, is still under way, or fails again, and why
 */
export async function replayLetter(
  deployment: Deployment,
  config: Config,
  letter: DeadLetter,
  options: ReplayOptions,
): Promise<Replayed> {
  const states = createLetterStates(deployment.store, deployment.name);
  const { state, version } = await stateOf(states, letter);
  const begun = begunReplay(state);
  if (begun !== undefined && options.edit !== undefined)
    throw new OperatorError('an earlier replay of it is not finished; replay it without an edit first');
  const replay = begun ?? (await newReplay(deployment, letter, state, options));
  const signals = signalsOf(deployment, letter, replay, await measurementsOf(deployment, letter, replay));
  const begunVersion =
    begun === undefined ? await put(states, { ...state, replays: [...state.replays, replay] }, version) : version;
  await handOver(deployment, config, signals);
  const done = asHandedOver(replay, signals);
  const others = state.replays.filter(({ n }) => n !== done.n);
  await put(states, { ...state, replays: [...others, done] }, begunVersion);
  return { replay: done, isResumed: begun !== undefined };
}

/** @throws OperatorError when it has been replayed, or somebody else is about to */
export async function discardLetter(
  { store, name }: Deployment,
  letter: DeadLetter,
  word: OperatorWord,
): Promise<void> {
  const states = createLetterStates(store, name);
  const { state, version } = await stateOf(states, letter);
  if (state.replays.length > 0) throw new OperatorError('it has been replayed');
  if (state.discarded !== undefined) return;
  await put(states, { ...state, discarded: { ...word, at: new Date().toISOString() } }, version);
}

async function stateOf(states: LetterStates, { id }: DeadLetter) {
  const known = await states.get(id);
  const state: LetterState = known?.value ?? { letterId: id, replays: [] };
  return { state, version: known?.version };
}

async function put(states: LetterStates, state: LetterState, ifVersion: string | undefined): Promise<string> {
  try {
    return await states.put(state, ifVersion);
  } catch (error) {
    if (!(error instanceof StoreConflictError)) throw error;
    throw new OperatorError('somebody else is replaying or discarding it at this moment', { cause: error });
  }
}

async function newReplay(
  deployment: Deployment,
  letter: DeadLetter,
  state: LetterState,
  { by, why, edit, again = false }: ReplayOptions,
): Promise<Replay> {
  if (state.discarded !== undefined) throw new OperatorError('it was discarded');
  const last = state.replays.at(-1);
  if (last !== undefined && !again)
    throw new OperatorError(`it was replayed at ${last.handedOverAt ?? ''} (--again does so once more)`);
  if (last !== undefined && (await isUndecided(deployment, letter, last)))
    throw new OperatorError('what an earlier replay handed over is not decided yet: see `batches show`');
  const isEvent = letter.stage === 'normalize';
  const active = isEvent ? await createTemplateVersions(deployment.store, deployment.name).active() : undefined;
  if (isEvent && active === undefined) throw new OperatorError('there are no active templates to normalize it with');
  return {
    n: state.replays.length + 1,
    by,
    why,
    startedAt: new Date().toISOString(),
    ...(edit !== undefined && { edit }),
    ...(active !== undefined && { deviceContent: active.value.deviceContent }),
  };
}

async function isUndecided(
  deployment: Deployment,
  { id }: DeadLetter,
  { n, handedOver = [] }: Replay,
): Promise<boolean> {
  const stream = replayStream(id, n);
  for (const { workflowId } of handedOver) {
    if ((await heldBy(deployment, workflowId)).some((batch) => batch.stream === stream)) return true;
  }
  return false;
}

/** Nothing, when it has ended or Temporal no longer knows it: what it was handed is decided then. */
async function heldBy(deployment: Deployment, workflowId: string): Promise<readonly MeasurementBatch[]> {
  try {
    return await answerInTime(deployment, workflowId, async (handle) => {
      const { status } = await handle.describe();
      return status.name === 'RUNNING' ? (await readHeld(deployment, workflowId)).batches : [];
    });
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return [];
    throw error;
  }
}

/** @throws OperatorError when it fails again, or matches nothing */
async function measurementsOf(
  { store, name }: Deployment,
  letter: DeadLetter,
  { edit, deviceContent }: Replay,
): Promise<readonly Measurement[]> {
  const given = edit?.measurements ?? letter.measurements;
  if (given !== undefined) return given;
  const event = edit?.event ?? letter.event;
  if (event === undefined || deviceContent === undefined)
    throw new OperatorError('it holds neither event nor measurements');
  const { template } = await createDeviceContents(createTemplateVersions(store, name)).get(deviceContent);
  try {
    const { enqueuedAt, properties, systemProperties } = event;
    const body = Buffer.from(event.body, 'base64');
    const place = { sequenceNumber: letter.positions[0]?.sequenceNumber ?? 0, offset: '', enqueuedAt };
    const json = { properties: properties as JsonObject, systemProperties: systemProperties as JsonObject };
    const message = deviceMessageOf({ ...place, ...json, body }, template.bodyReader);
    const found = template.normalize(message, { enqueuedAt });
    if (found.length > 0) return found;
  } catch (error) {
    if (error instanceof IngestError) throw new OperatorError(`it fails again: ${error.code}, ${error.message}`);
    throw error;
  }
  throw new OperatorError('no active template matches it');
}

type Signals = ReturnType<typeof signalsOf>;

function signalsOf({ naming }: Deployment, letter: DeadLetter, { n }: Replay, measurements: readonly Measurement[]) {
  return partsOf(letter, measurements).flatMap(({ partition, measurements: own }) =>
    coalesce(naming, own).map((to) => ({ ...to, source: { stream: replayStream(letter.id, n), partition } })),
  );
}

/** Batches of one workflow one after the other, as the bridge does it. */
async function handOver(deployment: Deployment, config: Config, signals: Signals): Promise<void> {
  const { client, store, name, naming } = deployment;
  const queues = taskQueuesOf(name);
  const settingsFor = (type: string) => workflowSettings(config, type, queues.fhir);
  const taskQueue = queues.workflows;
  // The settings of workflows that run already are the bridge's to change.
  const dispatch = createDispatch({ client, taskQueue, naming, settingsFor, tellsSettings: false });
  const claims = createClaims(store, name);
  for (const { source, batches, ...to } of signals) {
    for (const rows of batches) {
      const batch = await toBatch(source, claims, to.workflowId, rows);
      await answerInTime(deployment, to.workflowId, () => dispatch(to, batch));
    }
  }
}

function asHandedOver(replay: Replay, signals: Signals): Replay {
  const counts = [...countsByWorkflow(signals)];
  const handedOver = counts.map(([workflowId, measurementCount]) => ({ workflowId, measurementCount }));
  return { ...replay, handedOverAt: new Date().toISOString(), handedOver };
}

function countsByWorkflow(signals: Signals): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { workflowId, batches } of signals) {
    const count = batches.reduce((sum, { rows }) => sum + rows.length, 0);
    counts.set(workflowId, (counts.get(workflowId) ?? 0) + count);
  }
  return counts;
}
