import type { FaultShares } from '../../config/simulated-faults.ts';
import type { SimulatedDevice } from './devices.ts';
import { unregisteredDevices } from './devices.ts';
import type { SimulatedEvent } from './faulty-delivery.ts';
import { FaultyDelivery } from './faulty-delivery.ts';
import type { Random } from './physiology.ts';

export interface SimulationOptions {
  /** Those that are registered; faults may add others. */
  readonly devices: readonly SimulatedDevice[];
  readonly faults?: FaultShares;
  readonly random: Random;
}

/** Devices and the way to the hub. It has no clock and sends nothing: the same calls and draws give the same events. */
export interface Simulation {
  /** Sending devices that nobody has registered; none unless that is among the faults. */
  readonly strangers: readonly SimulatedDevice[];
  /** The events that reach the hub in the next interval, those of one device in order. @param at later with each call */
  due(at: Date): SimulatedEvent[];
  /** Everything that is still held back on the way, which this lets go. */
  rest(): SimulatedEvent[];
}

const HOUR_MS = 3_600_000;
const MOST_HOURS_OFF = 12;

export function createSimulation({ devices, faults = {}, random }: SimulationOptions): Simulation {
  const strangers = unregisteredDevices(shareOf(devices, faults['unknown-devices']), random);
  const all = [...devices, ...strangers];
  const clocksOffMs = skewedClocks(all, faults['clock-skew'], random);
  const delivery = new FaultyDelivery(faults, random);
  let interval = 0;
  return {
    strangers,
    due(at) {
      const readings = all
        .filter(({ everyIntervals }) => interval % everyIntervals === 0)
        .map((device): SimulatedEvent => {
          const deviceTime = new Date(at.getTime() + (clocksOffMs.get(device.deviceId) ?? 0));
          return { device, at, message: device.event(at, deviceTime), isMalformed: false };
        });
      const events = delivery.pass(readings, interval);
      interval += 1;
      return events;
    },
    rest: () => delivery.rest(),
  };
}

/** By device id: how far its clock is off, a whole number of hours either way. */
function skewedClocks(
  devices: readonly SimulatedDevice[],
  share: number | undefined,
  random: Random,
): ReadonlyMap<string, number> {
  const shuffled = devices.map((device) => ({ device, order: random() })).sort((a, b) => a.order - b.order);
  return new Map(
    shuffled.slice(0, shareOf(devices, share)).map(({ device }) => {
      const hours = 1 + Math.floor(random() * MOST_HOURS_OFF);
      return [device.deviceId, (random() < 0.5 ? -hours : hours) * HOUR_MS];
    }),
  );
}

/** At least one of them, or who asked for the fault would see nothing of it. */
function shareOf(devices: readonly SimulatedDevice[], share = 0): number {
  return share === 0 || devices.length === 0 ? 0 : Math.max(1, Math.round(share * devices.length));
}
