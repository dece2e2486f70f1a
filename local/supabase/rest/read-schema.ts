import type { Pool } from "pg";

export const exposedSchema = "public";

export type Table = {
  readonly name: string;
  readonly columns: ReadonlyMap<string, { readonly defaultSql: string | null }>;
  readonly primaryKey: readonly string[];
};

export type Argument = { readonly name: string; readonly type: string; readonly optional: boolean };

export type SqlFunction = {
  readonly name: string;
  readonly arguments: readonly Argument[];
  readonly variadic: boolean;
  readonly returnsSet: boolean;
  readonly returns: "void" | "scalar" | "row" | "anonymous row";
};

type TableRow = {
  name: string;
  columns: { name: string; default: string | null }[];
  primary_key: string[] | null;
};

export async function readTables(owner: Pool): Promise<Map<string, Table>> {
  const { rows } = await owner.query<TableRow>(
    `select c.relname as name,
       coalesce((select json_agg(json_build_object('name', a.attname, 'default',
            case when a.attidentity <> '' then
              format('nextval(%L::regclass)', pg_get_serial_sequence(format('%I.%I', n.nspname, c.relname), a.attname))
            when a.attgenerated = '' then pg_get_expr(d.adbin, d.adrelid) end))
          from pg_attribute a
          left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
          where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped), '[]') as columns,
       (select array_agg(a.attname::text) from pg_index i
          join pg_attribute a on a.attrelid = c.oid and a.attnum = any(i.indkey)
          where i.indrelid = c.oid and i.indisprimary) as primary_key
     from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where n.nspname = $1 and c.relkind in ('r', 'p', 'v', 'm', 'f')`,
    [exposedSchema],
  );
  return new Map(
    rows.map((row) => [
      row.name,
      {
        name: row.name,
        columns: new Map(
          row.columns.map((column) => [column.name, { defaultSql: column.default }]),
        ),
        primaryKey: row.primary_key ?? [],
      },
    ]),
  );
}

type FunctionRow = {
  name: string;
  argument_names: string[] | null;
  argument_modes: string[] | null;
  argument_types: string[];
  defaults: number;
  variadic: boolean;
  returns_set: boolean;
  return_type: string;
  return_kind: string;
};

export async function readFunctions(owner: Pool): Promise<Map<string, SqlFunction[]>> {
  const { rows } = await owner.query<FunctionRow>(
    `select p.proname as name, p.proargnames as argument_names, p.proargmodes::text[] as argument_modes,
       (select coalesce(array_agg(format_type(a.type, null) order by a.position), '{}')
          from unnest(coalesce(p.proallargtypes, p.proargtypes::oid[]))
            with ordinality as a(type, position)) as argument_types,
       p.pronargdefaults as defaults, p.provariadic <> 0 as variadic, p.proretset as returns_set,
       t.typname as return_type,
       case when t.typtype = 'd' then b.typtype else t.typtype end as return_kind
     from pg_proc p
       join pg_namespace n on n.oid = p.pronamespace
       join pg_type t on t.oid = p.prorettype
       left join pg_type b on b.oid = t.typbasetype
     where n.nspname = $1 and p.prokind = 'f'
       and t.typname not in ('trigger', 'event_trigger')`,
    [exposedSchema],
  );
  const functions = new Map<string, SqlFunction[]>();
  for (const row of rows) {
    const overloads = functions.get(row.name) ?? [];
    overloads.push(toFunction(row));
    functions.set(row.name, overloads);
  }
  return functions;
}

function toFunction(row: FunctionRow): SqlFunction {
  const modes = row.argument_modes ?? row.argument_types.map(() => "i");
  const inputs = row.argument_types.flatMap((type, index) => {
    const mode = modes[index] ?? "i";
    return "ibv".includes(mode) ? [{ type, name: row.argument_names?.[index] ?? "" }] : [];
  });
  const firstOptional = inputs.length - row.defaults;
  return {
    name: row.name,
    arguments: inputs.map((input, index) => ({
      ...input,
      optional: index >= firstOptional || (row.variadic && index === inputs.length - 1),
    })),
    variadic: row.variadic,
    returnsSet: row.returns_set,
    returns: returnShape(row, modes),
  };
}

function returnShape(row: FunctionRow, modes: readonly string[]): SqlFunction["returns"] {
  if (row.return_type === "void") return "void";
  if (row.return_kind === "c") return "row";
  if (row.return_type !== "record") return "scalar";
  return modes.some((mode) => "bot".includes(mode)) ? "row" : "anonymous row";
}
