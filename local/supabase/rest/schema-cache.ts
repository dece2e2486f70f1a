import type { Pool } from "pg";
import { readFunctions, readTables, type SqlFunction, type Table } from "./read-schema.ts";

export type Schema = {
  readonly tables: ReadonlyMap<string, Table>;
  readonly functions: ReadonlyMap<string, readonly SqlFunction[]>;
};

/** Caches the public schema; reads it again when it is invalidated or a name is unknown. */
export class SchemaCache {
  readonly #owner: Pool;
  #current: Promise<Schema> | undefined;
  #reading: Promise<Schema> | undefined;

  constructor(owner: Pool) {
    this.#owner = owner;
  }

  async table(name: string): Promise<Table | undefined> {
    return this.#find((schema) => schema.tables.get(name));
  }

  async functions(name: string): Promise<readonly SqlFunction[] | undefined> {
    return this.#find((schema) => schema.functions.get(name));
  }

  invalidate(): void {
    this.#current = undefined;
    this.#reading = undefined;
  }

  /** Reads the schema again. Concurrent calls share one read. */
  async reload(): Promise<Schema> {
    this.#reading ??= this.#read();
    const reading = this.#reading;
    const schema = await reading;
    if (this.#reading === reading) {
      this.#current = reading;
      this.#reading = undefined;
    }
    return schema;
  }

  async #find<T>(select: (schema: Schema) => T | undefined): Promise<T | undefined> {
    this.#current ??= this.#read();
    return select(await this.#current) ?? select(await this.reload());
  }

  #read(): Promise<Schema> {
    const reading = readSchema(this.#owner);
    // A failure is not cached: the next call tries again.
    reading.catch(() => this.invalidate());
    return reading;
  }
}

async function readSchema(owner: Pool): Promise<Schema> {
  const [tables, functions] = await Promise.all([readTables(owner), readFunctions(owner)]);
  return { tables, functions };
}
