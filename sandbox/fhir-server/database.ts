import { DatabaseSync } from 'node:sqlite';

/**
 * One row per resource, with what searches sort and range by; one per version, with the text; one per indexed token or
 * reference. `indexed` repeats a resource's token rows, so that an update writes only those that changed.
 */
const SCHEMA = `
  CREATE TABLE IF NOT EXISTS resource (
    key INTEGER PRIMARY KEY,
    type TEXT NOT NULL,
    id TEXT NOT NULL,
    versionId INTEGER NOT NULL,
    updatedAt INTEGER NOT NULL,
    deleted INTEGER NOT NULL,
    startAt TEXT,
    endAt TEXT,
    indexed TEXT NOT NULL
  );
  CREATE UNIQUE INDEX IF NOT EXISTS resource_id ON resource (type, id);
  CREATE INDEX IF NOT EXISTS resource_updated ON resource (type, deleted, updatedAt);
  CREATE INDEX IF NOT EXISTS resource_date ON resource (type, deleted, startAt, endAt);
  CREATE TABLE IF NOT EXISTS version (
    key INTEGER NOT NULL,
    versionId INTEGER NOT NULL,
    method TEXT NOT NULL,
    updatedAt INTEGER NOT NULL,
    text TEXT,
    PRIMARY KEY (key, versionId)
  );
  CREATE TABLE IF NOT EXISTS token (
    parameter TEXT NOT NULL,
    value TEXT NOT NULL,
    key INTEGER NOT NULL,
    system TEXT NOT NULL,
    PRIMARY KEY (parameter, value, key, system)
  ) WITHOUT ROWID;
`;

/** A backup, or somebody looking at the file with another tool, may hold it for a moment. */
const LOCK_PATIENCE_MS = 1000;

/**
 * Opens the database, creating file and tables if need be. In WAL mode with `synchronous=NORMAL` a commit is in the
 * file system's hands when it returns: the process may be killed at any time; a power cut may cost the last commits.
 */
export function openDatabase(file: string): DatabaseSync {
  const database = new DatabaseSync(file, { timeout: LOCK_PATIENCE_MS });
  database.exec('PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA cache_size=-16000;');
  database.exec(SCHEMA);
  return database;
}
