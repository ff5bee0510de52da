import type { Environment } from './load-config.ts';
import { ConfigError } from './load-config.ts';

/** Where to, and with which headers and certificates, the exporter reads from the environment by itself. */
export interface OtlpSettings {
  readonly intervalMs: number;
  readonly timeoutMs: number;
}

/**
 * Whether metrics are pushed over OTLP, by OpenTelemetry's own environment variables: when an endpoint is named, or `otlp`
 * as the exporter of metrics.
 *
 * @returns undefined when nothing is to be pushed
 * @throws ConfigError
 * @see https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/
 */
export function loadOtlpSettings(environment: Environment = process.env): OtlpSettings | undefined {
  const given = (name: string): string | undefined => {
    const value = environment[name]?.trim();
    return value === '' ? undefined : value;
  };
  const exporters = given('OTEL_METRICS_EXPORTER')
    ?.split(',')
    .map((name) => name.trim());
  const endpoint = given('OTEL_EXPORTER_OTLP_METRICS_ENDPOINT') ?? given('OTEL_EXPORTER_OTLP_ENDPOINT');
  const isWanted = exporters === undefined ? endpoint !== undefined : exporters.includes('otlp');
  if (!isWanted || given('OTEL_SDK_DISABLED')?.toLowerCase() === 'true') return undefined;
  const protocol = given('OTEL_EXPORTER_OTLP_METRICS_PROTOCOL') ?? given('OTEL_EXPORTER_OTLP_PROTOCOL');
  if (protocol !== undefined && protocol !== 'http/protobuf') {
    throw new ConfigError([`OTEL_EXPORTER_OTLP_PROTOCOL: expected http/protobuf, the one that is spoken here`]);
  }
  return {
    intervalMs: milliseconds('OTEL_METRIC_EXPORT_INTERVAL', given('OTEL_METRIC_EXPORT_INTERVAL') ?? '60000'),
    timeoutMs: milliseconds('OTEL_METRIC_EXPORT_TIMEOUT', given('OTEL_METRIC_EXPORT_TIMEOUT') ?? '30000'),
  };
}

function milliseconds(name: string, written: string): number {
  const value = Number(written);
  if (!/^\d+$/.test(written) || value === 0) {
    throw new ConfigError([`${name}: expected a whole number of milliseconds, at least 1`]);
  }
  return value;
}
