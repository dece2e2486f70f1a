import type { Caller, Database } from "../../database/database.ts";
import { identifier, Parameters, qualified } from "../../database/statement.ts";
import type { Relation, Tuple } from "../stream/pgoutput.ts";
import type { TypeNames } from "./record.ts";

type TableFacts = { readonly primaryKey: readonly string[]; readonly rowSecurity: boolean };

/** What a subscriber may see of a change. Facts are kept as long as the table does not change. */
export class Visibility {
  readonly #database: Database;
  readonly #facts = new WeakMap<Relation, Promise<TableFacts>>();
  readonly #columns = new WeakMap<Relation, Map<string, Promise<ReadonlySet<string>>>>();
  #typeNames = new Map<number, string>();

  constructor(database: Database) {
    this.#database = database;
  }

  /** The names of the columns' types. */
  async typeNames(relation: Relation): Promise<TypeNames> {
    if (relation.columns.some((column) => !this.#typeNames.has(column.typeId))) {
      const { rows } = await this.#database.owner.query<{ id: number; name: string }>(
        "select oid::int as id, typname as name from pg_type",
      );
      this.#typeNames = new Map(rows.map((row) => [row.id, row.name]));
    }
    return this.#typeNames;
  }

  facts(relation: Relation): Promise<TableFacts> {
    const known = this.#facts.get(relation) ?? this.#readFacts(relation);
    this.#facts.set(relation, known);
    return known;
  }

  /** The columns a role may select. */
  columns(role: string, relation: Relation): Promise<ReadonlySet<string>> {
    const byRole = this.#columns.get(relation) ?? new Map<string, Promise<ReadonlySet<string>>>();
    this.#columns.set(relation, byRole);
    const known = byRole.get(role) ?? this.#readColumns(role, relation);
    byRole.set(role, known);
    return known;
  }

  /** Whether row level security lets the caller select this row. */
  async maySelect(caller: Caller, relation: Relation, tuple: Tuple): Promise<boolean> {
    const { primaryKey, rowSecurity } = await this.facts(relation);
    if (!rowSecurity || caller.role === "service_role") return true;
    const parameters = new Parameters();
    const where = keyCondition(relation, tuple, { primaryKey, parameters });
    if (where === undefined) return false;
    const text = `select from ${qualified(relation.schema, relation.table)} where ${where}`;
    try {
      const rows = await this.#database.runAs(
        { role: caller.role, claims: caller.claims, method: "GET", path: "", headers: "{}" },
        { text, values: parameters.values },
      );
      return rows.length > 0;
    } catch {
      // A policy that fails shows nothing.
      return false;
    }
  }

  /** The tuple with the large values that the stream left out because they did not change. */
  async complete(relation: Relation, tuple: Tuple): Promise<Tuple> {
    if (!tuple.includes(undefined)) return tuple;
    const { primaryKey } = await this.facts(relation);
    const parameters = new Parameters();
    const where = keyCondition(relation, tuple, { primaryKey, parameters });
    if (where === undefined) return tuple;
    const list = relation.columns.map(({ name }) => `${identifier(name)}::text`).join(", ");
    const { rows } = await this.#database.owner.query<(string | null)[]>({
      text: `select ${list} from ${qualified(relation.schema, relation.table)} where ${where}`,
      values: parameters.values,
      rowMode: "array",
    });
    return tuple.map((value, index) => (value === undefined ? rows[0]?.[index] : value));
  }

  async #readFacts(relation: Relation): Promise<TableFacts> {
    const { rows } = await this.#database.owner.query<{ key: string[]; secured: boolean }>(
      `select c.relrowsecurity as secured,
         (select coalesce(array_agg(a.attname::text), '{}') from pg_index i
            join pg_attribute a on a.attrelid = c.oid and a.attnum = any(i.indkey)
            where i.indrelid = c.oid and i.indisprimary) as key
       from pg_class c where c.oid = $1`,
      [relation.id],
    );
    return { primaryKey: rows[0]?.key ?? [], rowSecurity: rows[0]?.secured ?? true };
  }

  async #readColumns(role: string, relation: Relation): Promise<ReadonlySet<string>> {
    const { rows } = await this.#database.owner.query<{ name: string }>(
      `select attname as name from pg_attribute
       where attrelid = $1 and attnum > 0 and not attisdropped
         and has_column_privilege($2, attrelid, attnum, 'select')`,
      [relation.id, role],
    );
    return new Set(rows.map((row) => row.name));
  }
}

function keyCondition(
  relation: Relation,
  tuple: Tuple,
  input: { primaryKey: readonly string[]; parameters: Parameters },
): string | undefined {
  const conditions = input.primaryKey.map((name) => {
    const value = tuple[relation.columns.findIndex((column) => column.name === name)];
    return `${identifier(name)} = ${input.parameters.add(value ?? null)}`;
  });
  return conditions.length === 0 ? undefined : conditions.join(" and ");
}
