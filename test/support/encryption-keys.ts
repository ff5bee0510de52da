import { randomBytes } from 'node:crypto';
import type { EncryptionKey } from '../../core/encryption-key.ts';

export const randomKey = (): string => randomBytes(32).toString('base64');

export const keyOf = (id: string): EncryptionKey => ({ id, bytes: new Uint8Array(randomBytes(32)) });
