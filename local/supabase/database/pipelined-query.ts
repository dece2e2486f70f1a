import { createHash } from "node:crypto";
import type { Connection, Submittable } from "pg";
import type { Statement } from "./statement.ts";

export type Row = readonly (string | null)[];

type Prepared = {
  readonly names: Set<string>;
  readonly pending: string[];
  /** The generation of the schema for which the statements were prepared. */
  generation: number;
};

// Beyond this number a connection parses statements every time, so that its memory stays bounded.
const maxPreparedStatements = 400;
const maxCachedNames = 5_000;

/** The statements that each connection of a pool has prepared. */
export class PreparedStatements {
  readonly #known = new WeakMap<Connection, Prepared>();
  readonly #nameOf = new Map<string, string>();
  generation = 0;

  /** Discards all statements after a schema change, because their types may have changed. */
  discard(): void {
    this.generation += 1;
  }

  of(connection: Connection): Prepared {
    let known = this.#known.get(connection);
    if (!known) {
      const created: Prepared = { names: new Set(), pending: [], generation: this.generation };
      connection.on("parseComplete", () => {
        const name = created.pending.shift();
        if (name) created.names.add(name);
      });
      this.#known.set(connection, created);
      known = created;
    }
    return known;
  }

  /** The name depends on the role, because a plan contains the row level security of its role. */
  nameOf(scope: string, text: string): string {
    const key = `${scope}\0${text}`;
    const known = this.#nameOf.get(key);
    if (known) return known;
    const name = createHash("sha1").update(key).digest("hex");
    if (this.#nameOf.size < maxCachedNames) this.#nameOf.set(key, name);
    return name;
  }
}

type Message = { fields: Row };
type Callbacks = { resolve: (rows: Row[][]) => void; reject: (error: Error) => void };

/**
 * Runs several statements in one round trip. Without an explicit BEGIN, PostgreSQL treats everything up
 * to the final Sync as one transaction: `set_config(..., true)` in the first statement
 * applies to the following ones, and an error in any of them rolls back all.
 */
export class PipelinedQuery implements Submittable {
  readonly #statements: readonly Statement[];
  readonly #scope: string;
  readonly #prepared: PreparedStatements;
  readonly #callbacks: Callbacks;
  readonly #results: Row[][] = [];
  #rows: Row[] = [];
  #pending: string[] = [];
  #skipped = 0;

  constructor(
    input: { statements: readonly Statement[]; scope: string; prepared: PreparedStatements },
    callbacks: Callbacks,
  ) {
    this.#statements = input.statements;
    this.#scope = input.scope;
    this.#prepared = input.prepared;
    this.#callbacks = callbacks;
  }

  submit(connection: Connection): void {
    const prepared = this.#prepared.of(connection);
    this.#pending = prepared.pending;
    connection.stream.cork();
    try {
      if (prepared.generation !== this.#prepared.generation) {
        prepared.generation = this.#prepared.generation;
        prepared.names.clear();
        this.#skipped = 1;
        connection.parse({ name: "", text: "deallocate all", types: [] }, true);
        prepared.pending.push("");
        connection.bind({ statement: "", values: [] }, true);
        connection.execute(null, true);
      }
      for (const { text, values } of this.#statements) {
        const name = this.#prepared.nameOf(this.#scope, text);
        const isPrepared = prepared.names.has(name) || prepared.pending.includes(name);
        const isNamed = isPrepared || prepared.names.size < maxPreparedStatements;
        const statement = isNamed ? name : "";
        if (!isPrepared) {
          connection.parse({ name: statement, text, types: [] }, true);
          prepared.pending.push(statement);
        }
        connection.bind({ statement, values: [...values], valueMapper: identity }, true);
        connection.execute(null, true);
      }
      connection.sync();
    } finally {
      connection.stream.uncork();
    }
  }

  handleDataRow(message: Message): void {
    this.#rows.push(message.fields);
  }

  handleCommandComplete(): void {
    this.#results.push(this.#rows);
    this.#rows = [];
  }

  handleError(error: Error): void {
    this.#pending.length = 0;
    this.#callbacks.reject(error);
  }

  handleReadyForQuery(): void {
    this.#callbacks.resolve(this.#results.slice(this.#skipped));
  }

  handleRowDescription(): void {}
  handleEmptyQuery(): void {}
  handlePortalSuspended(): void {}
}

function identity(value: unknown): unknown {
  return value;
}
