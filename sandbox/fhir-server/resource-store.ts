import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite';
import type { IndexEntries, IndexRow } from './index-entries.ts';

/** How many versions of a resource are kept; of a Device all are, since readings are assigned by its history. */
const KEPT_VERSIONS = 20;
const KEPT_WHOLE = new Set(['Device']);
const KEPT_STATEMENTS = 200;

export interface StoredVersion {
  versionId: number;
  /** ms since the epoch */
  updatedAt: number;
  method: 'POST' | 'PUT' | 'DELETE';
  /** Absent for a delete. */
  text: string | undefined;
}

/** What is to become the next version of a resource, once it has its number and time. */
export interface Draft {
  method: 'POST' | 'PUT';
  /** @returns the text to store, and what to find it by */
  finish(versionId: number, updatedAt: number): { text: string; entries: IndexEntries };
}

interface ResourceRow {
  key: number;
  versionId: number;
  updatedAt: number;
  deleted: number;
  indexed: string;
}

const NOTHING_INDEXED: IndexEntries = { rows: [], date: undefined };

/** Resources, their bounded history and their index rows in SQLite. Synchronous, so each method is one atomic step. */
export class ResourceStore {
  readonly #database: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();

  constructor(database: DatabaseSync) {
    this.#database = database;
  }

  /** Runs `work` in one transaction; within another it becomes part of that. */
  async transaction<T>(work: () => Promise<T>): Promise<T> {
    if (this.#database.isTransaction) return work();
    this.#database.exec('BEGIN IMMEDIATE');
    try {
      const result = await work();
      this.#database.exec('COMMIT');
      return result;
    } finally {
      this.#undoUncommitted();
    }
  }

  /** The newest version of a resource, which may be a delete. */
  newest(type: string, id: string): StoredVersion | undefined {
    const row = this.#find(type, id);
    return row && this.version(type, id, row.versionId);
  }

  version(type: string, id: string, versionId: number): StoredVersion | undefined {
    const found = this.first(`${VERSIONS} AND v.versionId = ?`, type, id, versionId);
    return found && toVersion(found);
  }

  /** Newest first. */
  history(type: string, id: string, limit: number, offset: number): StoredVersion[] {
    const rows = this.rows(`${VERSIONS} ORDER BY v.versionId DESC LIMIT ? OFFSET ?`, type, id, limit, offset);
    return [...rows].map(toVersion);
  }

  historyCount(type: string, id: string): number {
    return Number(this.first(VERSIONS.replace('v.*', 'COUNT(*) AS count'), type, id)?.['count']);
  }

  /** Writes the next version. Its time is later than that of the version before, whatever the clock says. */
  write(type: string, id: string, draft: Draft): void {
    this.#atomically(() => {
      const before = this.#find(type, id);
      const versionId = (before?.versionId ?? 0) + 1;
      const updatedAt = Math.max(Date.now(), (before?.updatedAt ?? 0) + 1);
      const { text, entries } = draft.finish(versionId, updatedAt);
      this.#append(type, id, before, { versionId, updatedAt, method: draft.method, text }, entries);
    });
  }

  delete(type: string, id: string): void {
    this.#atomically(() => {
      const before = this.#find(type, id);
      if (!before || before.deleted) return;
      const updatedAt = Math.max(Date.now(), before.updatedAt + 1);
      const version = { versionId: before.versionId + 1, updatedAt, method: 'DELETE', text: undefined } as const;
      this.#append(type, id, before, version, NOTHING_INDEXED);
    });
  }

  first(sql: string, ...values: SQLInputValue[]): Record<string, unknown> | undefined {
    return this.#prepare(sql).get(...values);
  }

  /** The rows one by one as they are asked for; nothing may be written before the last is. */
  rows(sql: string, ...values: SQLInputValue[]): Iterable<Record<string, unknown>> {
    return this.#prepare(sql).iterate(...values);
  }

  close(): void {
    this.#database.close();
  }

  #append(
    type: string,
    id: string,
    before: ResourceRow | undefined,
    version: StoredVersion,
    { rows, date }: IndexEntries,
  ): void {
    const { versionId, updatedAt, method, text } = version;
    const { key } = this.first(
      `INSERT INTO resource (type, id, versionId, updatedAt, deleted, startAt, endAt, indexed)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (type, id) DO UPDATE SET versionId = excluded.versionId, updatedAt = excluded.updatedAt,
         deleted = excluded.deleted, startAt = excluded.startAt, endAt = excluded.endAt, indexed = excluded.indexed
       RETURNING key`,
      ...[type, id, versionId, updatedAt, text === undefined ? 1 : 0],
      ...[date?.startAt ?? null, date?.endAt ?? null, JSON.stringify(rows)],
    ) as { key: number };
    this.#run('INSERT INTO version VALUES (?, ?, ?, ?, ?)', key, versionId, method, updatedAt, text ?? null);
    this.#reindex(key, before ? (JSON.parse(before.indexed) as IndexRow[]) : [], rows);
    if (!KEPT_WHOLE.has(type)) {
      this.#run('DELETE FROM version WHERE key = ? AND versionId <= ?', key, versionId - KEPT_VERSIONS);
    }
  }

  #reindex(key: number, before: readonly IndexRow[], after: readonly IndexRow[]): void {
    const old = new Map(before.map((row) => [JSON.stringify(row), row]));
    for (const row of after) {
      if (!old.delete(JSON.stringify(row))) {
        this.#run('INSERT INTO token (parameter, value, system, key) VALUES (?, ?, ?, ?)', ...row, key);
      }
    }
    for (const row of old.values()) {
      this.#run('DELETE FROM token WHERE parameter = ? AND value = ? AND system = ? AND key = ?', ...row, key);
    }
  }

  #find(type: string, id: string): ResourceRow | undefined {
    const sql = 'SELECT key, versionId, updatedAt, deleted, indexed FROM resource WHERE type = ? AND id = ?';
    return this.first(sql, type, id) as ResourceRow | undefined;
  }

  #atomically(work: () => void): void {
    if (this.#database.isTransaction) {
      work();
      return;
    }
    this.#database.exec('BEGIN IMMEDIATE');
    try {
      work();
      this.#database.exec('COMMIT');
    } finally {
      this.#undoUncommitted();
    }
  }

  #undoUncommitted(): void {
    if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
  }

  #run(sql: string, ...values: SQLInputValue[]): void {
    this.#prepare(sql).run(...values);
  }

  #prepare(sql: string): StatementSync {
    const known = this.#statements.get(sql);
    if (known) return known;
    if (this.#statements.size >= KEPT_STATEMENTS) this.#statements.clear(); // searches come in many shapes
    const statement = this.#database.prepare(sql);
    this.#statements.set(sql, statement);
    return statement;
  }
}

const VERSIONS = 'SELECT v.* FROM version v WHERE v.key = (SELECT key FROM resource WHERE type = ? AND id = ?)';

function toVersion(row: Record<string, unknown>): StoredVersion {
  const { versionId, updatedAt, method, text } = row as unknown as Omit<StoredVersion, 'text'> & {
    text: string | null;
  };
  return { versionId, updatedAt, method, text: text ?? undefined };
}
