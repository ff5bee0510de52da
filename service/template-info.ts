import type { Instruments } from './metrics.ts';

interface Pair {
  readonly deviceContent: string;
  readonly fhirMapping: string;
}

/** Shows the pair of templates that the pointer names, asked whenever metrics are read. */
export function observeTemplates(
  { templateInfo }: Pick<Instruments<'ingest-bridge' | 'worker'>, 'templateInfo'>,
  active: () => Promise<Pair | undefined>,
): void {
  templateInfo.addCallback(async (result) => {
    const pair = await active();
    if (pair === undefined) return;
    result.observe(1, { kind: 'device_content', version: pair.deviceContent });
    result.observe(1, { kind: 'fhir_mapping', version: pair.fhirMapping });
  });
}
