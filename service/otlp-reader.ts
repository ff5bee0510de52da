import type { IMetricReader, PushMetricExporter } from '@opentelemetry/sdk-metrics';
import { PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics';
import type { Logger } from './log.ts';

export interface OtlpOptions {
  readonly intervalMs: number;
  readonly timeoutMs: number;
}

/**
 * What pushes metrics over OTLP, where that is wanted. Where to, and with which headers, the exporter reads from
 * `OTEL_EXPORTER_OTLP_…`. It is loaded here, since most deployments do without.
 */
export async function otlpReaders(options: OtlpOptions | undefined, log: Logger): Promise<IMetricReader[]> {
  if (options === undefined) return [];
  const { intervalMs, timeoutMs } = options;
  const { OTLPMetricExporter } = await import('@opentelemetry/exporter-metrics-otlp-proto');
  const reader = new PeriodicExportingMetricReader({
    exporter: reporting(new OTLPMetricExporter({ timeoutMillis: timeoutMs }), log),
    exportIntervalMillis: intervalMs,
    exportTimeoutMillis: Math.min(intervalMs, timeoutMs),
  });
  return [reader];
}

/** OpenTelemetry itself tells nobody of a push that failed. Counters are cumulative: the next one makes up for it. */
function reporting(exporter: PushMetricExporter, log: Logger): PushMetricExporter {
  return {
    export(metrics, done) {
      exporter.export(metrics, (result) => {
        if (result.error !== undefined) log.warn({ err: result.error }, 'metrics could not be pushed over OTLP');
        done(result);
      });
    },
    forceFlush: () => exporter.forceFlush(),
    shutdown: () => exporter.shutdown(),
    ...(exporter.selectAggregation && { selectAggregation: exporter.selectAggregation.bind(exporter) }),
    ...(exporter.selectAggregationTemporality && {
      selectAggregationTemporality: exporter.selectAggregationTemporality.bind(exporter),
    }),
  };
}
