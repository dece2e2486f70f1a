import { identifier, Parameters, qualified, type Statement } from "../database/statement.ts";
import { rowAlias } from "./column.ts";
import { parseFilters } from "./filter.ts";
import { orderSql } from "./order.ts";
import type { Preferences } from "./preferences.ts";
import { exposedSchema, type Table } from "./read-schema.ts";
import { restError } from "./rest-error.ts";
import { insertedSetting, resultSql } from "./result.ts";
import { splitList } from "./scanner.ts";
import { selectSql } from "./select.ts";
import { whereSql } from "./where.ts";

export type Write = {
  readonly table: Table;
  readonly query: URLSearchParams;
  readonly preferences: Preferences;
  readonly payload: string;
};

/** The statement of `POST /table`: insert or upsert of one object or an array of them. */
export function insertStatement(write: Write): Statement {
  const { table, query, preferences } = write;
  const parameters = new Parameters();
  const parsed = parsePayload(write.payload);
  const isArray = Array.isArray(parsed);
  const columns = payloadColumns(write, isArray ? parsed : [parsed]);
  const rows = parameters.add(isArray ? write.payload : `[${write.payload}]`);
  const target = qualified(exposedSchema, table.name);
  const names = columns.map(identifier);
  const source =
    columns.length === 0 && !isArray
      ? "default values"
      : `(${names.join(", ")}) select ${names.map((name) => `_b.${name}`).join(", ")} ` +
        `from json_populate_recordset(null::${target}, ${rowsSql(write, columns, rows)}) as _b`;
  if (columns.length === 0 && isArray) return emptyStatement(preferences);
  if (columns.length === 0) parameters.values.pop();
  const conflict = conflictSql(write, columns);
  const counted = conflict.includes(insertedSetting) ? ` where ${countInserted(1)}` : "";
  const sql = `insert into ${target} as ${rowAlias} ${source}${counted}${conflict}`;
  return finish(sql, { query, preferences, parameters });
}

/** The statement of `PATCH /table?filters`. */
export function updateStatement(write: Write): Statement {
  const { table, query, preferences } = write;
  const parameters = new Parameters();
  const parsed = parsePayload(write.payload);
  const columns = payloadColumns(write, Array.isArray(parsed) ? parsed : [parsed]);
  if (columns.length === 0) return emptyStatement(preferences);
  const target = qualified(exposedSchema, table.name);
  const assignments = columns.map((name) => `${identifier(name)} = _b.${identifier(name)}`);
  const sql =
    `update ${target} as ${rowAlias} set ${assignments.join(", ")} ` +
    `from (select * from json_populate_record(null::${target}, ${parameters.add(write.payload)}::json)) as _b` +
    whereSql(parseFilters(query), parameters);
  return finish(sql, { query, preferences, parameters });
}

/** The statement of `DELETE /table?filters`. */
export function deleteStatement(write: Write): Statement {
  const { table, query, preferences } = write;
  const parameters = new Parameters();
  const sql =
    `delete from ${qualified(exposedSchema, table.name)} as ${rowAlias}` +
    whereSql(parseFilters(query), parameters);
  return finish(sql, { query, preferences, parameters });
}

function finish(
  sql: string,
  rest: { query: URLSearchParams; preferences: Preferences; parameters: Parameters },
): Statement {
  const { query, preferences, parameters } = rest;
  const body = preferences.returns === "representation";
  // Without a representation no column is returned, so that writing needs no select privilege.
  const returning = body ? selectSql(query.get("select"), parameters) : "1";
  const source = `with pgrst_source as (${sql} returning ${returning})`;
  const total = preferences.count ? "count(*)" : "null";
  const order = body ? orderSql(query.get("order"), parameters) : "";
  return {
    text: resultSql({ source, total, preferences, body, order }),
    values: parameters.values,
  };
}

function emptyStatement(preferences: Preferences): Statement {
  const source = "with pgrst_source as (select 1 where false)";
  return { text: resultSql({ source, total: "0", preferences }), values: [] };
}

function rowsSql(write: Write, columns: readonly string[], rows: string): string {
  if (!write.preferences.missingDefault) return `${rows}::json`;
  const defaults = columns.flatMap((name) => {
    const sql = write.table.columns.get(name)?.defaultSql;
    return sql ? [`'${name.replaceAll("'", "''")}', ${sql}`] : [];
  });
  return `(select json_agg(jsonb_build_object(${defaults.join(", ")}) || element)
    from jsonb_array_elements(${rows}::jsonb) as element)`;
}

function conflictSql(write: Write, columns: readonly string[]): string {
  const { resolution } = write.preferences;
  const requested = write.query.get("on_conflict");
  const target = requested ? splitList(requested) : write.table.primaryKey;
  if (resolution === undefined || target.length === 0) return "";
  const key = `(${target.map(identifier).join(", ")})`;
  if (resolution === "ignore" || columns.length === 0) return ` on conflict ${key} do nothing`;
  const updates = columns.map((name) => `${identifier(name)} = excluded.${identifier(name)}`);
  return ` on conflict ${key} do update set ${updates.join(", ")} where ${countInserted(-1)}`;
}

/**
 * A condition that is true and counts: 1 for each row of an upsert, -1 for each that exists already.
 * The sum decides the status, as in PostgREST.
 */
function countInserted(change: 1 | -1): string {
  const sum = `coalesce(nullif(current_setting('${insertedSetting}', true), ''), '0')::int + ${change}`;
  return `set_config('${insertedSetting}', (${sum})::text, true) is not null`;
}

function parsePayload(payload: string): unknown {
  try {
    return JSON.parse(payload === "" ? "{}" : payload);
  } catch (cause) {
    throw Object.assign(restError(400, { code: "PGRST102", message: "Empty or invalid json" }), {
      cause,
    });
  }
}

function payloadColumns(write: Write, objects: readonly unknown[]): string[] {
  const requested = write.query.get("columns");
  const columns = requested
    ? splitList(requested)
    : [...new Set(objects.flatMap((object) => Object.keys(Object(object))))];
  for (const column of columns) {
    if (!write.table.columns.has(column)) {
      throw restError(400, {
        code: "PGRST204",
        message: `Could not find the '${column}' column of '${write.table.name}' in the schema cache`,
      });
    }
  }
  return columns;
}
