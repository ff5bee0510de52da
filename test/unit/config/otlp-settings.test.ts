import { expect, test } from '@jest/globals';
import { ConfigError } from '../../../config/load-config.ts';
import { loadOtlpSettings } from '../../../config/otlp-settings.ts';

const ENDPOINT = 'http://127.0.0.1:4318';
const DEFAULTS = { intervalMs: 60_000, timeoutMs: 30_000 };

test.each([
  { name: 'nothing is set', environment: {}, expected: undefined },
  { name: 'an endpoint is named', environment: { OTEL_EXPORTER_OTLP_ENDPOINT: ENDPOINT }, expected: DEFAULTS },
  {
    name: 'an endpoint is named for metrics alone',
    environment: { OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: `${ENDPOINT}/v1/metrics` },
    expected: DEFAULTS,
  },
  { name: 'otlp is the exporter', environment: { OTEL_METRICS_EXPORTER: 'prometheus, otlp' }, expected: DEFAULTS },
  {
    name: 'another exporter is wanted for metrics',
    environment: { OTEL_METRICS_EXPORTER: 'none', OTEL_EXPORTER_OTLP_ENDPOINT: ENDPOINT },
    expected: undefined,
  },
  {
    name: 'OpenTelemetry is switched off',
    environment: { OTEL_SDK_DISABLED: 'true', OTEL_EXPORTER_OTLP_ENDPOINT: ENDPOINT },
    expected: undefined,
  },
  { name: 'the endpoint is empty', environment: { OTEL_EXPORTER_OTLP_ENDPOINT: ' ' }, expected: undefined },
  {
    name: 'an interval and a timeout are set',
    environment: {
      OTEL_EXPORTER_OTLP_ENDPOINT: ENDPOINT,
      OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf',
      OTEL_METRIC_EXPORT_INTERVAL: '5000',
      OTEL_METRIC_EXPORT_TIMEOUT: '1000',
    },
    expected: { intervalMs: 5000, timeoutMs: 1000 },
  },
])('what is pushed over OTLP when $name', ({ environment, expected }) => {
  expect(loadOtlpSettings(environment)).toEqual(expected);
});

test.each([
  ['OTEL_EXPORTER_OTLP_PROTOCOL', 'grpc'],
  ['OTEL_METRIC_EXPORT_INTERVAL', '10s'],
  ['OTEL_METRIC_EXPORT_TIMEOUT', '0'],
])('%s=%s is refused by its name', (name, value) => {
  const load = () => loadOtlpSettings({ OTEL_EXPORTER_OTLP_ENDPOINT: ENDPOINT, [name]: value });
  expect(load).toThrow(ConfigError);
  expect(load).toThrow(name);
});
