export { deviceMeasurements } from './device-measurements.ts';
