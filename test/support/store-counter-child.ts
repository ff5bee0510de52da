import type { StoreSettings } from '../../stores/store-of.ts';
import { storeOf } from '../../stores/store-of.ts';
import { increment } from './store-counter.ts';

/** A process that counts in a store: its settings, key and how often come as arguments. It ends with 0 when all are done. */
const [, , settings = '', key = '', times = ''] = process.argv;
await increment(await storeOf(JSON.parse(settings) as StoreSettings), key, Number(times));
