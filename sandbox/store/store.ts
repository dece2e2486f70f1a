import {
  DatabaseSync,
  type SQLInputValue,
  type SQLOutputValue,
  type StatementSync,
} from "node:sqlite";
import { deserialize, serialize } from "node:v8";
import { addedColumns, schema } from "./schema.ts";

export type Row = Record<string, SQLOutputValue>;

/**
 * SQLite with group commit: all writes of one turn of the event loop form one transaction, and their
 * effects (acks, deliveries, events) wait in `whenCommitted`. A killed process loses nothing that
 * was acknowledged, and under load one commit serves many stanzas.
 */
export class Store {
  readonly #database: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();
  readonly #beforeCommit = new Set<() => void>();
  #afterCommit: (() => void)[] = [];
  #open = false;

  /** `file` is a path, or `:memory:`. */
  constructor(file: string) {
    this.#database = new DatabaseSync(file);
    this.#database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;");
    this.#database.exec(schema);
    this.#addMissingColumns();
  }

  /** Runs a write; `lastId` is the rowid of an insert. */
  run(sql: string, ...values: SQLInputValue[]): { changes: number; lastId: number } {
    this.#begin();
    const result = this.#prepare(sql).run(...values);
    return { changes: Number(result.changes), lastId: Number(result.lastInsertRowid) };
  }

  all(sql: string, ...values: SQLInputValue[]): Row[] {
    return this.#prepare(sql).all(...values);
  }

  get(sql: string, ...values: SQLInputValue[]): Row | undefined {
    return this.#prepare(sql).get(...values);
  }

  /** Runs `write` just before the next commit; adding the same function twice runs it once. */
  beforeCommit(write: () => void): void {
    this.#begin();
    this.#beforeCommit.add(write);
  }

  /** Runs `effect` once all writes so far are committed: at once if none is pending. */
  whenCommitted(effect: () => void): void {
    if (this.#open) this.#afterCommit.push(effect);
    else effect();
  }

  /** Resolves once all writes so far are committed. */
  committed(): Promise<void> {
    return new Promise((resolve) => {
      this.whenCommitted(resolve);
    });
  }

  /** Commits pending writes and closes the file. */
  close(): void {
    this.#commit();
    this.#database.close();
  }

  #begin(): void {
    if (this.#open) return;
    this.#open = true;
    this.#database.exec("BEGIN");
    setImmediate(() => this.#commit());
  }

  #commit(): void {
    if (!this.#open) return;
    for (const write of this.#beforeCommit) write();
    this.#beforeCommit.clear();
    this.#database.exec("COMMIT");
    this.#open = false;
    const effects = this.#afterCommit;
    this.#afterCommit = [];
    for (const effect of effects) effect();
  }

  #addMissingColumns(): void {
    for (const { table, column, type } of addedColumns) {
      const columns = this.all("SELECT name FROM pragma_table_info(?)", table);
      if (columns.some(({ name }) => name === column)) continue;
      this.#database.exec(`ALTER TABLE ${table} ADD COLUMN ${column} ${type}`);
    }
  }

  #prepare(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (!statement) {
      statement = this.#database.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }
}

/** Serializes a record in v8's format, which unlike JSON preserves buffers and undefined. */
export function pack(record: unknown): Buffer {
  return serialize(record);
}

/**
 * The inverse of `pack`. The caller guarantees that the column holds a `T`; only this program writes
 * the file.
 */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the caller's guarantee is the point
export function unpack<T>(blob: SQLOutputValue | undefined): T {
  const record: unknown = deserialize(bytes(blob));
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- see above
  return record as T;
}

/** The value of a blob column; throws if it is not a blob. */
export function bytes(value: SQLOutputValue | undefined): Buffer {
  if (value instanceof Uint8Array) return Buffer.from(value);
  throw new TypeError("not a blob column");
}

/** The value of a nullable text column. */
export function textOrNull(value: SQLOutputValue | undefined): string | null {
  return typeof value === "string" ? value : null;
}
