import { identifier, Parameters, qualified, type Statement } from "../database/statement.ts";
import { rowAlias } from "./column.ts";
import { parseFilters } from "./filter.ts";
import { orderSql } from "./order.ts";
import type { Preferences } from "./preferences.ts";
import { exposedSchema, type SqlFunction } from "./read-schema.ts";
import { windowSql } from "./read.ts";
import { resultSql, type ResultShape } from "./result.ts";
import { selectSql } from "./select.ts";
import { whereSql } from "./where.ts";

/** The statement of a function call; PostgreSQL casts the fields of `args`, one JSON object. */
export function callStatement(call: {
  chosen: SqlFunction;
  given: ReadonlySet<string>;
  args: string;
  query: URLSearchParams;
  preferences: Preferences;
}): Statement {
  const { chosen, query, preferences } = call;
  const parameters = new Parameters();
  const shape = resultShape(chosen);
  const from = fromSql(call, parameters);
  if (chosen.returns === "anonymous row") {
    const source = `with pgrst_source as (select ${from})`;
    return {
      text: resultSql({ source, total: "null", preferences, shape }),
      values: parameters.values,
    };
  }
  const ignored = new Set(chosen.arguments.map((argument) => argument.name));
  const where = whereSql(parseFilters(query, ignored), parameters);
  const columns =
    shape === "values" || shape === "one value"
      ? `${rowAlias}.pgrst_scalar`
      : selectSql(query.get("select"), parameters);
  const rest = orderSql(query.get("order"), parameters) + windowSql(preferences, parameters);
  const body =
    chosen.returns !== "void" &&
    preferences.returns !== "headers-only" &&
    preferences.returns !== "minimal";
  if (!preferences.count) {
    const source = `with pgrst_source as (select ${columns} from ${from}${where}${rest})`;
    return {
      text: resultSql({ source, total: "null", preferences, shape, body }),
      values: parameters.values,
    };
  }
  const source =
    `with pgrst_call as materialized (select ${rowAlias}.* from ${from}${where}), ` +
    `pgrst_source as (select ${columns} from pgrst_call ${rowAlias}${rest})`;
  const total = "(select count(*) from pgrst_call)";
  return {
    text: resultSql({ source, total, preferences, shape, body }),
    values: parameters.values,
  };
}

function fromSql(
  call: { chosen: SqlFunction; given: ReadonlySet<string>; args: string },
  parameters: Parameters,
): string {
  const { chosen, given } = call;
  const passed = chosen.arguments.filter((argument) => given.has(argument.name));
  const last = chosen.arguments.at(-1);
  const list = passed.map((argument) => {
    const name = identifier(argument.name);
    const variadic = chosen.variadic && argument === last ? "variadic " : "";
    return `${variadic}${name} => _a.${name}`;
  });
  const invocation = `${qualified(exposedSchema, chosen.name)}(${list.join(", ")})`;
  const types = passed.map(({ name, type }) => `${identifier(name)} ${type}`).join(", ");
  const args =
    passed.length === 0
      ? undefined
      : `json_to_record(${parameters.add(call.args)}::json) as _a(${types})`;
  if (chosen.returns === "anonymous row") {
    return `${invocation} as pgrst_scalar${args ? ` from ${args}` : ""}`;
  }
  const alias = chosen.returns === "row" ? rowAlias : `${rowAlias}(pgrst_scalar)`;
  return args ? `${args}, lateral ${invocation} as ${alias}` : `${invocation} as ${alias}`;
}

function resultShape(chosen: SqlFunction): ResultShape {
  if (chosen.returns === "row") return chosen.returnsSet ? "rows" : "one row";
  return chosen.returnsSet ? "values" : "one value";
}
