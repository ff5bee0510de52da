import { currentUpdateInfo, setHandler, uuid4 } from '@temporalio/workflow';
import type { OperatorRequest, OperatorWord } from '../core/operator-request.ts';
import { groupIdOf, isOfOneOwner, wrongIdentity, wrongWord } from '../core/operator-request.ts';
import type { PendingGroups } from '../core/pending-groups.ts';
import type { WaitingGroup } from '../core/pending-state.ts';
import { measurementCount } from './descriptions.ts';
import type { Accepted, AssignRequest, DeadLetterRequest, GroupChoice } from './messages.ts';
import {
  assignUpdate,
  deadLetterUpdate,
  flushNowSignal,
  flushNowUpdate,
  retryNowSignal,
  retryNowUpdate,
} from './messages.ts';

/**
 * What operators may ask for. An update validates, notes the request and answers at once; it never waits for a delivery,
 * which would keep the workflow from continuing as new. The query `status` tells what came of it.
 */
export function handleOperators(pending: PendingGroups): void {
  const flush = (): number => {
    const count = pending.bufferedCount();
    pending.flush(Date.now());
    return count;
  };
  setHandler(flushNowSignal, () => void flush(), { description: 'Close the open window now' });
  setHandler(flushNowUpdate, () => accept(pending, { kind: 'flushNow', measurementCount: flush() }), {
    description: 'Close the open window now',
  });
  setHandler(retryNowSignal, () => { pending.retryAll(Date.now()); }, { description: 'Try every waiting group now' }); // prettier-ignore
  setHandler(
    retryNowUpdate,
    (choice?: GroupChoice) => {
      const groups = chosen(pending, choice);
      pending.retry(groups, Date.now());
      return accept(pending, { kind: 'retryNow', measurementCount: countOf(groups) });
    },
    {
      description: 'Try waiting groups now: one by its id, those of a code, or all',
      validator: (choice?: GroupChoice) => {
        refuse(wrongChoice(pending, choice));
      },
    },
  );
  setHandler(assignUpdate, (request) => assign(pending, request), {
    description: 'Say whose the measurements of one waiting group are: FHIR ids of device, patient and encounter',
    validator: (request: AssignRequest) => {
      refuse(wrongAssignment(pending, request));
    },
  });
  setHandler(deadLetterUpdate, (request) => deadLetter(pending, request), {
    description: 'Put waiting groups into the dead-letter store: one by its id, those of a code, or all',
    validator: (request: DeadLetterRequest) => {
      refuse(wrongWord(request) ?? wrongChoice(pending, request) ?? wrongLetters(pending, request));
    },
  });
}

function assign(pending: PendingGroups, request: AssignRequest): Accepted {
  const { by, why, to } = request;
  const groups = chosen(pending, request);
  const accepted = accept(pending, { kind: 'assign', by, why, measurementCount: countOf(groups) });
  pending.decide(groups, { kind: 'assign', requestId: accepted.requestId, by, why, to }, Date.now());
  return accepted;
}

function deadLetter(pending: PendingGroups, request: DeadLetterRequest): Accepted {
  const { by, why } = request;
  const groups = chosen(pending, request).filter(hasMeasurements);
  const accepted = accept(pending, { kind: 'deadLetter', by, why, measurementCount: countOf(groups) });
  pending.decide(groups, { kind: 'deadLetter', requestId: accepted.requestId, by, why }, Date.now());
  return accepted;
}

function accept(
  pending: PendingGroups,
  request: Pick<OperatorRequest, 'kind' | 'measurementCount'> & Partial<OperatorWord>,
): Accepted {
  const requestId = currentUpdateInfo()?.id ?? uuid4();
  pending.note({ ...request, requestId, at: Date.now() });
  return { requestId, measurementCount: request.measurementCount };
}

function chosen(pending: PendingGroups, { group, code }: GroupChoice = {}): WaitingGroup[] {
  const isChosen = (each: WaitingGroup): boolean =>
    (group === undefined || groupIdOf(each.key) === group) && (code === undefined || each.code === code);
  return pending.groups().filter(isChosen);
}

function countOf(groups: readonly WaitingGroup[]): number {
  return groups.reduce((sum, group) => sum + measurementCount(group), 0);
}

function wrongChoice(pending: PendingGroups, choice: GroupChoice | undefined): string | undefined {
  if (chosen(pending, choice).length > 0) return undefined;
  const named = [choice?.group, choice?.code].filter((part) => part !== undefined).join(' ');
  return `Expected a group that waits${named === '' ? '' : `: ${named}`}; the query groups names those that are not just being tried`;
}

/** What nobody can read cannot be put into a letter. */
function wrongLetters(pending: PendingGroups, choice: GroupChoice): string | undefined {
  return chosen(pending, choice).some(hasMeasurements)
    ? undefined
    : 'Expected a group whose measurements are in the store: their claim is missing';
}

function hasMeasurements({ code }: WaitingGroup): boolean {
  return code !== 'CLAIM_MISSING';
}

function wrongAssignment(pending: PendingGroups, request: AssignRequest): string | undefined {
  const wrong = wrongWord(request) ?? wrongIdentity(request.to) ?? wrongChoice(pending, request);
  if (wrong !== undefined) return wrong;
  const [group, ...others] = chosen(pending, request);
  if ((request as Partial<AssignRequest>).group === undefined || group === undefined || others.length > 0)
    return 'Expected `group`: one group is assigned at a time';
  if (!isOfOneOwner(group.key))
    return 'Readings of several patients may wait in this group: it cannot be assigned to one';
  const count = measurementCount(group);
  if (request.measurementCount === count) return undefined;
  return `Expected \`measurementCount\`, how many measurements the group was seen to hold: it holds ${count} now`;
}

/** An update whose validator throws leaves no trace in the history. */
function refuse(why: string | undefined): void {
  if (why !== undefined) throw new RangeError(why);
}
