import type { Instruments } from '../service/metrics.ts';
import { observeTemplates } from '../service/template-info.ts';
import type { TemplateKind, TemplateVersions } from '../stores/template-versions.ts';
import type { Bridge } from './bridge.ts';
import { NEEDED } from './intake-meter.ts';
import type { TemplateActivation } from './template-activation.ts';

const KINDS = { deviceContent: 'device_content', fhirMapping: 'fhir_mapping' } as const satisfies Record<
  TemplateKind,
  string
>;

export interface ObservedBridge {
  readonly bridge: Pick<Bridge, 'partitions' | 'views'>;
  readonly templates: Pick<TemplateActivation, 'refused'>;
  readonly versions: Pick<TemplateVersions, 'active'>;
}

/** What a bridge says of itself whenever its metrics are read. */
export function observeBridge(
  instruments: Instruments<'ingest-bridge'>,
  { bridge, templates, versions }: ObservedBridge,
): void {
  observeOwned(instruments, bridge);
  observeHub(instruments, bridge);
  observeTemplates(instruments, async () => (await versions.active())?.value);
  instruments.templateRefused.addCallback((result) => {
    for (const { kind } of templates.refused()) result.observe(1, { kind: KINDS[kind] });
  });
}

/** The partitions that this bridge reads. */
function observeOwned(
  {
    partitionsOwned,
    partitionFreshnessSeconds,
    partitionHandedOverTimestampSeconds,
    intakeHeldUpSeconds,
  }: Instruments<'ingest-bridge'>,
  bridge: ObservedBridge['bridge'],
): void {
  partitionsOwned.addCallback((result) => {
    result.observe(Object.keys(bridge.partitions()).length);
  });
  partitionFreshnessSeconds.addCallback((result) => {
    for (const [partition, at] of handedOver(bridge)) result.observe(secondsSince(at), { partition });
  });
  partitionHandedOverTimestampSeconds.addCallback((result) => {
    for (const [partition, at] of handedOver(bridge)) result.observe(Date.parse(at) / 1000, { partition });
  });
  intakeHeldUpSeconds.addCallback((result) => {
    for (const [partition, { heldUp }] of Object.entries(bridge.partitions())) {
      if (heldUp !== undefined) result.observe(secondsSince(heldUp.since), { partition, needs: NEEDED[heldUp.by] });
    }
  });
}

/**
 * When the hub took in the newest event of each ledger, ISO 8601 UTC. An intake knows it once it has had an event; until
 * then it is as the last look found it.
 */
function handedOver(bridge: ObservedBridge['bridge']): Map<string, string> {
  const found = new Map<string, string>();
  for (const { partition, handedOverAt } of bridge.views()) {
    if (handedOverAt !== undefined) found.set(partition, handedOverAt);
  }
  for (const [partition, { enqueuedAt }] of Object.entries(bridge.partitions())) {
    if (enqueuedAt !== undefined) found.set(partition, enqueuedAt);
  }
  return found;
}

/** All partitions of the hub, as far as this bridge may speak for them. */
function observeHub(
  { partitions, partitionUnreadSeconds, partitionLagEvents, partitionLagSeconds }: Instruments<'ingest-bridge'>,
  bridge: ObservedBridge['bridge'],
): void {
  partitions.addCallback((result) => {
    const { length } = bridge.views();
    if (length > 0) result.observe(length);
  });
  partitionUnreadSeconds.addCallback((result) => {
    for (const { partition, unreadSince } of bridge.views()) {
      if (unreadSince !== undefined) result.observe((Date.now() - unreadSince) / 1000, { partition });
    }
  });
  partitionLagEvents.addCallback((result) => {
    for (const { partition, lag } of bridge.views()) if (lag !== undefined) result.observe(lag.events, { partition });
  });
  partitionLagSeconds.addCallback((result) => {
    for (const { partition, lag } of bridge.views())
      if (lag !== undefined) result.observe(lag.ms / 1000, { partition });
  });
}

function secondsSince(instant: string): number {
  return Math.max(0, Date.now() - Date.parse(instant)) / 1000;
}
