import type { FaultName, FaultShares } from '../../config/simulated-faults.ts';
import type { AmqpMessage } from './device-event.ts';
import type { SimulatedDevice } from './devices.ts';
import { malformed } from './malformed.ts';
import type { Random } from './physiology.ts';

/** An event on its way to the hub. */
export interface SimulatedEvent {
  readonly device: SimulatedDevice;
  /** When it was measured, by the right time. */
  readonly at: Date;
  readonly message: AmqpMessage;
  /** Spoilt on purpose: nothing of it can become an Observation. */
  readonly isMalformed: boolean;
}

/** Held back for so many intervals; with the usual five seconds two to ten minutes. */
const LATE_INTERVALS = { least: 24, most: 120 };
const DUPLICATE_INTERVALS = { least: 1, most: 6 };
/** So many readings of a device come at once. */
export const BURST_SIZE = 12;

interface HeldEvent {
  readonly event: SimulatedEvent;
  /** The interval in which it is let go. */
  readonly until: number;
  /** What was sent before, and is not sent a third time. */
  readonly isCopy: boolean;
}

/**
 * The way from the devices to the hub, as bad as it is asked to be: what goes in comes out at least once, but later,
 * twice, in another order, many at once or spoilt. The same draws give the same way.
 */
export class FaultyDelivery {
  readonly #shares: FaultShares;
  readonly #random: Random;
  #held: HeldEvent[] = [];
  /** By device id: what lets the device's next reading go first. */
  readonly #swapped = new Map<string, SimulatedEvent>();
  /** By device id: what gathers for a burst. */
  readonly #gathered = new Map<string, SimulatedEvent[]>();

  constructor(shares: FaultShares, random: Random) {
    this.#shares = shares;
    this.#random = random;
  }

  /** What reaches the hub in this interval, in order: of these readings, then of earlier ones. */
  pass(readings: readonly SimulatedEvent[], interval: number): SimulatedEvent[] {
    const prompt = readings.flatMap((reading) => this.#passOne(this.#spoilt(reading), interval));
    const isDue = ({ until }: HeldEvent): boolean => until <= interval;
    const due = this.#held.filter(isDue);
    this.#held = this.#held.filter((held) => !isDue(held));
    const originals = due.filter(({ isCopy }) => !isCopy).map(({ event }) => event);
    this.#duplicateSome([...prompt, ...originals], interval);
    return [...prompt, ...due.map(({ event }) => event)];
  }

  /** Everything that is still held back, which this lets go. */
  rest(): SimulatedEvent[] {
    const gathered = [...this.#gathered.values()].flat();
    const rest = [...this.#held.map(({ event }) => event), ...this.#swapped.values(), ...gathered];
    this.#held = [];
    this.#swapped.clear();
    this.#gathered.clear();
    return rest;
  }

  #passOne(event: SimulatedEvent, interval: number): SimulatedEvent[] {
    const { deviceId } = event.device;
    const before = this.#swapped.get(deviceId);
    if (before !== undefined) {
      this.#swapped.delete(deviceId);
      return [event, before];
    }
    if (this.#gathered.has(deviceId) || this.#startsBurst()) return this.#gather(event);
    if (this.#hits('late')) {
      this.#held.push({ event, until: interval + this.#between(LATE_INTERVALS), isCopy: false });
      return [];
    }
    if (this.#hits('out-of-order')) {
      this.#swapped.set(deviceId, event);
      return [];
    }
    return [event];
  }

  #gather(event: SimulatedEvent): SimulatedEvent[] {
    const { deviceId } = event.device;
    const gathered = [...(this.#gathered.get(deviceId) ?? []), event];
    if (gathered.length < BURST_SIZE) {
      this.#gathered.set(deviceId, gathered);
      return [];
    }
    this.#gathered.delete(deviceId);
    return gathered;
  }

  /** Rarer than the share, which is that of the readings that come in bursts. */
  #startsBurst(): boolean {
    const share = this.#shares.bursts ?? 0;
    return share > 0 && this.#random() < share / (share + BURST_SIZE * (1 - share));
  }

  #spoilt(reading: SimulatedEvent): SimulatedEvent {
    if (!this.#hits('malformed')) return reading;
    return { ...reading, message: malformed(reading.message, this.#random), isMalformed: true };
  }

  /** Of what leaves now, not of what comes in: a copy never overtakes a reading that is held back. */
  #duplicateSome(leaving: readonly SimulatedEvent[], interval: number): void {
    for (const event of leaving) {
      if (!this.#hits('duplicates')) continue;
      this.#held.push({ event, until: interval + this.#between(DUPLICATE_INTERVALS), isCopy: true });
    }
  }

  #hits(name: FaultName): boolean {
    const share = this.#shares[name] ?? 0;
    return share > 0 && this.#random() < share;
  }

  #between({ least, most }: { least: number; most: number }): number {
    return least + Math.floor(this.#random() * (most - least + 1));
  }
}
