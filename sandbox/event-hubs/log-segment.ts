import { readSync } from 'node:fs';
import { open, unlink, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { decodeRecord, type LogRecord } from './log-record.ts';

/** One file of an event log: records behind one another, written once, deleted as a whole. */
export class LogSegment {
  readonly path: string;
  readonly #file: FileHandle;
  #byteCount: number;
  #isBroken = false;
  /** Instants of the first and the last event in it; undefined while it holds none. */
  oldestAt: number | undefined;
  newestAt: number | undefined;

  private constructor(path: string, file: FileHandle, byteCount: number) {
    this.path = path;
    this.#file = file;
    this.#byteCount = byteCount;
  }

  /** @throws if the file exists */
  static async create(folder: string, number: number): Promise<LogSegment> {
    const path = join(folder, `${String(number).padStart(12, '0')}.log`);
    return new LogSegment(path, await open(path, 'wx+'), 0);
  }

  static async open(path: string): Promise<LogSegment> {
    const file = await open(path, 'r+');
    return new LogSegment(path, file, (await file.stat()).size);
  }

  get byteCount(): number {
    return this.#byteCount;
  }

  /** For a segment that was just opened. */
  async readAll(): Promise<Buffer> {
    return this.#file.readFile();
  }

  /**
   * Reads one record back. Synchronous: it comes from the page cache in microseconds, and receivers are served in order
   * without a queue of their own.
   *
   * @throws if the file no longer holds what was written
   */
  read(position: number, byteCount: number): LogRecord {
    const bytes = Buffer.allocUnsafe(byteCount);
    readSync(this.#file.fd, bytes, 0, byteCount, position);
    const record = decodeRecord(bytes, 0);
    if (record === undefined) throw new Error(`${this.path} is damaged at byte ${position}: expected an intact record`);
    return record;
  }

  /**
   * Writes at the end, all or nothing: what a failed write left behind is cut off again.
   *
   * @param sync also wait until the disk has it, so that it survives a loss of power
   */
  async append(bytes: Buffer, sync: boolean): Promise<void> {
    if (this.#isBroken)
      throw new Error(`${this.path} takes no more events: an earlier failed write could not be undone`);
    try {
      let done = 0;
      while (done < bytes.length) {
        const left = bytes.length - done;
        done += (await this.#file.write(bytes, done, left, this.#byteCount + done)).bytesWritten;
      }
      if (sync) await this.#file.datasync();
    } catch (error) {
      await this.#undo();
      throw error;
    }
    this.#byteCount += bytes.length;
  }

  async #undo(): Promise<void> {
    this.#isBroken = true;
    await this.#file.truncate(this.#byteCount);
    this.#isBroken = false;
  }

  /** Cuts off everything from `position` on. */
  async truncate(position: number): Promise<void> {
    await this.#file.truncate(position);
    await this.#file.datasync();
    this.#byteCount = position;
  }

  async close(): Promise<void> {
    await this.#file.close();
  }

  /** Removes the file; what is open stays readable until `close`. */
  async unlink(): Promise<void> {
    await unlink(this.path);
  }
}
