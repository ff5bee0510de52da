import type { Client } from '@temporalio/client';
import proto from '@temporalio/proto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

const { History } = proto.temporal.api.history.v1;
const { Failure } = proto.temporal.api.failure.v1;
const { WorkflowExecutionInfo } = proto.temporal.api.workflow.v1;
const { DescribeWorkflowExecutionResponse, QueryWorkflowResponse } = proto.temporal.api.workflowservice.v1;
/** By which the UI asks for the current details. */
const METADATA_QUERY = '__temporal_workflow_metadata';

/** What Temporal keeps of a deployment, as bytes and as nobody has decoded it. */
export interface TemporalEvidence {
  /** Every event of every run. */
  readonly histories: Uint8Array;
  /** What runs are listed and described with: ids, search attributes, memo, summaries, current details. */
  readonly descriptions: Uint8Array;
  /** Ids and search attributes alone. */
  readonly names: Uint8Array;
  /** Every failure in the two. */
  readonly failures: Uint8Array;
  readonly failureCount: number;
}

export async function temporalEvidence(client: Client, deployment: string): Promise<TemporalEvidence> {
  const histories: Uint8Array[] = [];
  const descriptions: Uint8Array[] = [];
  const names: Uint8Array[] = [];
  const failures: Uint8Array[] = [];
  const query = `WorkflowId STARTS_WITH '${deployment}.'`;
  for await (const { workflowId, runId, status, raw } of client.workflow.list({ query })) {
    const handle = client.workflow.getHandle(workflowId, runId);
    const history = await handle.fetchHistory();
    const execution = { workflowId, runId };
    const described = await client.workflowService.describeWorkflowExecution({
      namespace: client.options.namespace,
      execution,
    });
    histories.push(History.encode(history).finish());
    descriptions.push(
      WorkflowExecutionInfo.encode(raw).finish(),
      DescribeWorkflowExecutionResponse.encode(described).finish(),
    );
    if (status.name === 'RUNNING') {
      const query = { queryType: METADATA_QUERY };
      const { namespace } = client.options;
      const details = await client.workflowService.queryWorkflow({ namespace, execution, query });
      descriptions.push(QueryWorkflowResponse.encode(details).finish());
    }
    const { searchAttributes = null } = raw;
    names.push(WorkflowExecutionInfo.encode({ execution, searchAttributes }).finish());
    for (const failure of failuresIn([history, described])) failures.push(Failure.encode(failure).finish());
  }
  return {
    histories: Buffer.concat(histories),
    descriptions: Buffer.concat(descriptions),
    names: Buffer.concat(names),
    failures: Buffer.concat(failures),
    failureCount: failures.length,
  };
}

/** Whatever is named a failure, wherever it stands. */
function failuresIn(value: unknown): proto.temporal.api.failure.v1.IFailure[] {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return [];
  return Object.entries(value).flatMap(([name, member]) =>
    /failure$/i.test(name) && typeof member === 'object' && member !== null ? [member as object] : failuresIn(member),
  );
}

/** Names and contents of every file below a folder. */
export async function filesBelow(folder: string): Promise<Uint8Array> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const parts = entries.map(async (entry) => {
    const path = join(entry.parentPath, entry.name);
    return entry.isFile() ? Buffer.concat([Buffer.from(`${path}\n`), await readFile(path)]) : Buffer.from(`${path}\n`);
  });
  return Buffer.concat(await Promise.all(parts));
}
