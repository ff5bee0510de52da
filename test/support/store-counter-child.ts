import { createFolderStore } from '../../stores/folder-store.ts';
import { increment } from './store-counter.ts';

/** A process that counts in a folder store: root, key and how often come as arguments. It ends with 0 when all are done. */
const [, , root = '', key = '', times = ''] = process.argv;
await increment(createFolderStore(root), key, Number(times));
