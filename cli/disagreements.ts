import type { SequenceRange } from '../core/ledger.ts';
import type { Disagreement } from '../core/verification.ts';

/** What does not add up, where, and what to do. */
export function describeDisagreement(of: Disagreement): string {
  switch (of.kind) {
    case 'measurements':
      return (
        `${placeOf(of)}, up to event ${of.throughSequenceNumber}: ` +
        `${of.handedOver} measurements were handed over, workflows have taken in ${of.received}`
      );
    case 'in-motion':
      return `${placeOf(of)}: ${of.workflowId} is too far ahead of the ledger to be added up; ask again when it has moved`;
    case 'events-missing':
      return (
        `${placeOf(of)}: the hub had dropped ${of.missing} events before they were read, ` +
        `the last of them with sequence numbers ${of.ranges.map(rangeText).join(', ')}`
      );
    case 'event-letters':
      return (
        `${placeOf(of)}, up to event ${of.throughSequenceNumber}: ` +
        `${of.deadLettered} events were dead-lettered, the dead-letter store has ${of.found}`
      );
    case 'measurement-letters':
      return `${of.workflowId}: ${of.deadLettered} measurements were dead-lettered, the dead-letter store has ${of.found}`;
    case 'claim-missing':
      return (
        `${placeOf(of)}, events ${of.ranges.map(rangeText).join(', ')}: ${of.workflowId} holds a claim, ` +
        `and ${of.measurements} of its measurements are not in the store`
      );
    case 'replay':
      return `${of.workflowId}: ${of.handedOver} measurements of ${of.stream} were handed over, it has taken in ${of.received}`;
    case 'workflow-sums':
      return `${of.workflowId}: what it has taken in is not what it holds and has decided`;
    case 'workflow-silent':
      return `${of.workflowId} gave no answer: is a worker running?`;
    case 'run-ended':
      return `${of.workflowId}: its run ${of.runId} ended as ${of.status}; batches recover brings back what it held`;
  }
}

function placeOf({ stream, partition }: { readonly stream: string; readonly partition: string }): string {
  return `partition ${partition} of ${stream}`;
}

function rangeText([from, to]: SequenceRange): string {
  return from === to ? String(from) : `${from}–${to}`;
}
