/** A key of AES-256. */
export interface EncryptionKey {
  /** Names it beside what it has encrypted; no secret. */
  readonly id: string;
  readonly bytes: Uint8Array;
}
