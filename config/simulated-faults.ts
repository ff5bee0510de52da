import { z } from 'zod';

/** What simulated devices can be asked to do wrong. */
export const FAULT_NAMES = [
  'duplicates',
  'late',
  'out-of-order',
  'malformed',
  'unknown-devices',
  'bursts',
  'clock-skew',
] as const;
export type FaultName = (typeof FAULT_NAMES)[number];

/** How often each fault happens, above 0 and up to 1; one that is left out never does. */
export type FaultShares = Readonly<Partial<Record<FaultName, number>>>;

/** In percent, where none is named. */
const DEFAULT_SHARE = 5;
const SHARE = /^(\d+(?:\.\d+)?)%$/;

/** Faults separated by commas, each with a share if another than 5% is wanted: `duplicates=10%,late`. */
export const SimulatedFaults = z.string().transform((text, context): FaultShares => {
  const shares = new Map<FaultName, number>();
  const entries = text
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '');
  for (const [index, entry] of entries.entries()) {
    const problem = readEntry(entry, shares);
    if (problem === undefined) continue;
    // What was found is not repeated: it may be a secret in the wrong place.
    const place = entries.length === 1 ? '' : `; entry ${index + 1} is another`;
    context.addIssue({ code: 'custom', message: `expected ${problem}${place}` });
    return z.NEVER;
  }
  return Object.fromEntries(shares);
});

/** As it would be written: `duplicates=10%,late=5%`. */
export function faultsText(shares: FaultShares): string {
  const entries = FAULT_NAMES.flatMap((name) => {
    const share = shares[name];
    return share === undefined ? [] : [`${name}=${Number((share * 100).toPrecision(12))}%`];
  });
  return entries.join(',');
}

/** Notes one fault. @returns what was expected instead, if it cannot be used */
function readEntry(entry: string, shares: Map<FaultName, number>): string | undefined {
  const [written = '', share] = entry.split(/=(.*)/s);
  const name = FAULT_NAMES.find((known) => known === written.trim());
  if (name === undefined) return `faults separated by commas, out of ${FAULT_NAMES.join(', ')}`;
  if (shares.has(name)) return 'each fault once';
  const percent = share === undefined ? DEFAULT_SHARE : Number(SHARE.exec(share.trim())?.[1]);
  if (!(percent > 0 && percent <= 100)) return 'a share above 0% and up to 100%, as in duplicates=10%';
  shares.set(name, percent / 100);
  return undefined;
}
