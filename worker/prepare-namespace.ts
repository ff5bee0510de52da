import type { Connection } from '@temporalio/client';
import { msToTs } from '@temporalio/common/lib/time.js';
import proto from '@temporalio/proto';
import type { Logger } from '../service/log.ts';
import { SEARCH_ATTRIBUTES } from '../workflows/search-attributes.ts';
import { OperatorError } from '../core/operator-error.ts';

const { IndexedValueType } = proto.temporal.api.enums.v1;
const INDEXED_TYPES = {
  KEYWORD: IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD,
  DATETIME: IndexedValueType.INDEXED_VALUE_TYPE_DATETIME,
} as const;

/** Histories of ended runs must stay so long that what they had not delivered can be recovered. */
const RETENTION_DAYS = 7;

/** The namespace lacks something that the system cannot do without, and it may not be added from here. */
class NamespaceNotReadyError extends OperatorError {
  override readonly name = 'NamespaceNotReadyError';
}

/**
 * Registers the search attributes and sees to the retention. Adding is repeatable; an attribute of another type is
 * refused here, since the server would ignore the registration in silence and every workflow would then be stuck.
 *
 * @throws NamespaceNotReadyError
 */
export async function prepareNamespace(connection: Connection, namespace: string, log: Logger): Promise<void> {
  await registerSearchAttributes(connection, namespace, log);
  await seeToRetention(connection, namespace, log);
}

async function registerSearchAttributes(connection: Connection, namespace: string, log: Logger): Promise<void> {
  const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
  const missing: Record<string, number> = {};
  for (const { name, type } of SEARCH_ATTRIBUTES) {
    const wanted = INDEXED_TYPES[type];
    const found = customAttributes[name];
    if (found == null) missing[name] = wanted;
    else if (found !== wanted) {
      const types = `${IndexedValueType[found]}, expected ${IndexedValueType[wanted]}`;
      throw new NamespaceNotReadyError(
        `Search attribute ${name} of namespace ${namespace} is of type ${types}: remove it and start again`,
      );
    }
  }
  const names = Object.keys(missing);
  if (names.length === 0) return;
  await connection.operatorService.addSearchAttributes({ namespace, searchAttributes: missing });
  log.info({ namespace, names }, 'search attributes registered');
}

async function seeToRetention(connection: Connection, namespace: string, log: Logger): Promise<void> {
  const { config } = await connection.workflowService.describeNamespace({ namespace });
  const days = Number(config?.workflowExecutionRetentionTtl?.seconds ?? 0) / 86_400;
  if (days >= RETENTION_DAYS) return;
  try {
    await connection.workflowService.updateNamespace({
      namespace,
      config: { workflowExecutionRetentionTtl: msToTs(`${RETENTION_DAYS} days`) },
    });
    log.info({ namespace, days: RETENTION_DAYS }, 'retention of the namespace set');
  } catch (error) {
    log.warn(
      { namespace, days, expected: RETENTION_DAYS, err: error },
      'the retention of the namespace is too short and cannot be set from here',
    );
  }
}
