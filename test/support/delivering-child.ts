import { Context } from '@temporalio/activity';
import { MockActivityEnvironment } from '@temporalio/testing';
import type { Observation } from 'fhir/r4.js';
import { createHttpFhirClient } from '../../activities/http-fhir-client.ts';
import { writeResource } from '../../activities/resource-writer.ts';
import { ServerTraits } from '../../activities/server-traits.ts';
import { lineageOf } from '../../templates/fhir-mapping/observation-lineage.ts';
import { activitySignal, timeLeftMs, watched } from '../../worker/activity-scope.ts';

/**
 * An activity that writes one Observation to the server whose address comes as an argument, in a process of its own, to
 * be stopped. It sends what becomes of the write: its outcome, or the code it failed of.
 */
const [, , baseUrl = '', heartbeatTimeoutMs = ''] = process.argv;
const environment = new MockActivityEnvironment({
  heartbeatTimeoutMs: Number(heartbeatTimeoutMs),
  startToCloseTimeoutMs: 300_000,
});
const observation = {
  resourceType: 'Observation',
  id: 'x',
  status: 'final',
  code: { text: 'x' },
} satisfies Observation;
const unmerged = (): never => {
  throw new RangeError('Expected to create');
};
const traits = new ServerTraits();
traits.learnIds('Observation', 'kept');
traits.learnDeleted('gone');
const outcome = environment.run(() =>
  watched(Context.current(), async () => {
    const fhir = createHttpFhirClient({ baseUrl, timeoutMs: 60_000, signal: activitySignal, timeLeftMs });
    return await writeResource<Observation>(
      { fhir, traits, onReplaced: () => undefined },
      {
        resourceType: 'Observation',
        lineage: lineageOf({ constants: {}, components: [] }),
        identifier: { system: 's', value: 'v', id: 'x' },
        create: () => observation,
        merge: unmerged,
        join: unmerged,
      },
    );
  }),
);
process.send?.(await outcome.catch((error: unknown) => (error as { code?: string }).code));
process.disconnect();
