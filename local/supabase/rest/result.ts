import { rowAlias } from "./column.ts";
import type { Preferences } from "./preferences.ts";

export type ResultShape = "rows" | "values" | "one row" | "one value";

/** The setting in which a merging upsert counts the rows that it inserts. */
export const insertedSetting = "local.inserted";

/**
 * Wraps a source of rows so that PostgreSQL builds the JSON body. The result is one row of four
 * columns: the total number of rows, the number in the body, the body, and, of an upsert, the number
 * of inserted rows.
 */
export function resultSql(input: {
  source: string;
  total: string;
  preferences: Preferences;
  shape?: ResultShape;
  body?: boolean;
  /** The order, for a source that has none; it may use only columns that the source returns. */
  order?: string;
}): string {
  const { source, total, preferences, shape = "rows", body = true, order = "" } = input;
  const checked = checkedCount(preferences, shape);
  const json = body ? bodySql(preferences, shape) : "''";
  const rows = order ? `(select * from pgrst_source ${rowAlias}${order})` : "pgrst_source";
  return `${source} select ${total} as total, ${checked} as page, ${json} as body, nullif(current_setting('${insertedSetting}', true), '') as inserted from ${rows} ${rowAlias}`;
}

/** The row count; PostgreSQL raises an error if it is wrong, which rolls back the change. */
function checkedCount(preferences: Preferences, shape: ResultShape): string {
  const isOne = shape === "one row" || shape === "one value";
  if (preferences.singleObject && !isOne) return "extensions.pgrst_require_one_row(count(*))";
  if (preferences.maxAffected === undefined) return "count(*)";
  return `extensions.pgrst_limit_rows(count(*), ${preferences.maxAffected})`;
}

function bodySql(preferences: Preferences, shape: ResultShape): string {
  const isValue = shape === "values" || shape === "one value";
  const all = `json_agg(${isValue ? `${rowAlias}.pgrst_scalar` : rowAlias})`;
  const isOne = preferences.singleObject || shape === "one row" || shape === "one value";
  const json = isOne ? `coalesce(${all}->0, 'null')` : `coalesce(${all}, '[]')`;
  return `${preferences.stripNulls ? `json_strip_nulls(${json})` : json}::text`;
}
