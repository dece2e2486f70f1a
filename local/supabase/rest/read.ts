import { Parameters, qualified, type Statement } from "../database/statement.ts";
import { rowAlias } from "./column.ts";
import { parseFilters } from "./filter.ts";
import { orderSql } from "./order.ts";
import type { Preferences } from "./preferences.ts";
import { exposedSchema } from "./read-schema.ts";
import { resultSql } from "./result.ts";
import { selectSql } from "./select.ts";
import { whereSql } from "./where.ts";

/** The statement of `GET /table?...`. */
export function readStatement(input: {
  table: string;
  query: URLSearchParams;
  preferences: Preferences;
}): Statement {
  const { table, query, preferences } = input;
  const parameters = new Parameters();
  const from = `from ${qualified(exposedSchema, table)} ${rowAlias}`;
  const filters = parseFilters(query);
  const source =
    `with pgrst_source as (select ${selectSql(query.get("select"), parameters)} ${from}` +
    `${whereSql(filters, parameters)}${orderSql(query.get("order"), parameters)}` +
    `${windowSql(preferences, parameters)})`;
  const total = preferences.count
    ? `(select count(*) ${from}${whereSql(filters, parameters)})`
    : "null";
  return { text: resultSql({ source, total, preferences }), values: parameters.values };
}

/** ` limit ...`, and ` offset ...` if there is one. */
export function windowSql(preferences: Preferences, parameters: Parameters): string {
  const limit = ` limit ${parameters.add(preferences.limit)}`;
  if (preferences.offset === 0) return limit;
  return `${limit} offset ${parameters.add(String(preferences.offset))}`;
}
