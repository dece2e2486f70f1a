import type { Caller, Database } from "../../database/database.ts";
import { identifier, Parameters, qualified } from "../../database/statement.ts";
import type { Relation, Tuple } from "../stream/change.ts";
import type { TypeNames } from "./record.ts";

type TableInfo = { readonly primaryKey: readonly string[]; readonly rowSecurity: boolean };

/**
 * Decides what a subscriber may see of a change. Catalog look-ups are cached per Relation object,
 * so a changed table definition is looked up again.
 */
export class Visibility {
  readonly #database: Database;
  readonly #tables = new WeakMap<Relation, Promise<TableInfo>>();
  readonly #columns = new WeakMap<Relation, Map<string, Promise<ReadonlySet<string>>>>();
  #typeNames = new Map<number, string>();

  constructor(database: Database) {
    this.#database = database;
  }

  /** The names of the types of the columns, by oid. */
  async typeNames(relation: Relation): Promise<TypeNames> {
    if (relation.columns.some((column) => !this.#typeNames.has(column.typeOid))) {
      const { rows } = await this.#database.owner.query<{ id: number; name: string }>(
        "select oid::int as id, typname as name from pg_type",
      );
      this.#typeNames = new Map(rows.map((row) => [row.id, row.name]));
    }
    return this.#typeNames;
  }

  tableInfo(relation: Relation): Promise<TableInfo> {
    const known = this.#tables.get(relation) ?? this.#readTableInfo(relation);
    this.#tables.set(relation, known);
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
    const { primaryKey, rowSecurity } = await this.tableInfo(relation);
    if (!rowSecurity || caller.role === "service_role") return true;
    const parameters = new Parameters();
    const where = keyCondition(tuple, { primaryKey, parameters });
    if (where === undefined) return false;
    const text = `select from ${qualified(relation.schema, relation.name)} where ${where}`;
    try {
      const rows = await this.#database.runAs(
        { role: caller.role, claims: caller.claims, method: "GET", path: "", headers: "{}" },
        { text, values: parameters.values },
      );
      return rows.length > 0;
    } catch {
      // A policy that raises an error shows nothing.
      return false;
    }
  }

  /** Adds the large values that the stream left out because they did not change. */
  async complete(relation: Relation, tuple: Tuple): Promise<Tuple> {
    if (!Object.values(tuple).includes(undefined)) return tuple;
    const { primaryKey } = await this.tableInfo(relation);
    const parameters = new Parameters();
    const where = keyCondition(tuple, { primaryKey, parameters });
    if (where === undefined) return tuple;
    const list = relation.columns
      .map(({ name }) => `${identifier(name)}::text as ${identifier(name)}`)
      .join(", ");
    const { rows } = await this.#database.owner.query<Record<string, string | null>>(
      `select ${list} from ${qualified(relation.schema, relation.name)} where ${where}`,
      parameters.values,
    );
    return Object.fromEntries(
      Object.entries(tuple).map(([name, value]) => [
        name,
        value === undefined ? rows[0]?.[name] : value,
      ]),
    );
  }

  async #readTableInfo(relation: Relation): Promise<TableInfo> {
    const { rows } = await this.#database.owner.query<{ key: string[]; secured: boolean }>(
      `select c.relrowsecurity as secured,
         (select coalesce(array_agg(a.attname::text), '{}') from pg_index i
            join pg_attribute a on a.attrelid = c.oid and a.attnum = any(i.indkey)
            where i.indrelid = c.oid and i.indisprimary) as key
       from pg_class c where c.oid = $1`,
      [relation.relationOid],
    );
    return { primaryKey: rows[0]?.key ?? [], rowSecurity: rows[0]?.secured ?? true };
  }

  async #readColumns(role: string, relation: Relation): Promise<ReadonlySet<string>> {
    const { rows } = await this.#database.owner.query<{ name: string }>(
      `select attname as name from pg_attribute
       where attrelid = $1 and attnum > 0 and not attisdropped
         and has_column_privilege($2, attrelid, attnum, 'select')`,
      [relation.relationOid, role],
    );
    return new Set(rows.map((row) => row.name));
  }
}

function keyCondition(
  tuple: Tuple,
  input: { primaryKey: readonly string[]; parameters: Parameters },
): string | undefined {
  const conditions = input.primaryKey.map((name) => {
    return `${identifier(name)} = ${input.parameters.add(tuple[name] ?? null)}`;
  });
  return conditions.length === 0 ? undefined : conditions.join(" and ");
}
