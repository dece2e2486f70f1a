import type { Parameters } from "../database/statement.ts";
import { columnSql } from "./column.ts";
import type { Condition, Filter } from "./filter.ts";
import { parseError, splitList } from "./scanner.ts";

const operators: Readonly<Record<string, string>> = {
  eq: "=",
  neq: "<>",
  gt: ">",
  gte: ">=",
  lt: "<",
  lte: "<=",
  like: "like",
  ilike: "ilike",
  match: "~",
  imatch: "~*",
  isdistinct: "is distinct from",
  cs: "@>",
  cd: "<@",
  ov: "&&",
  sl: "<<",
  sr: ">>",
  nxr: "&<",
  nxl: "&>",
  adj: "-|-",
};

const textSearch: Readonly<Record<string, string>> = {
  fts: "to_tsquery",
  plfts: "plainto_tsquery",
  phfts: "phraseto_tsquery",
  wfts: "websearch_to_tsquery",
};

/** ` where ...` for the filters, or an empty string. */
export function whereSql(filters: readonly Filter[], parameters: Parameters): string {
  if (filters.length === 0) return "";
  return ` where ${filters.map((filter) => filterSql(filter, parameters)).join(" and ")}`;
}

function filterSql(filter: Filter, parameters: Parameters): string {
  const not = filter.negated ? "not " : "";
  if (filter.kind === "condition") return `${not}(${conditionSql(filter, parameters)})`;
  const children = filter.children.map((child) => filterSql(child, parameters));
  return `${not}(${children.join(` ${filter.joiner} `)})`;
}

function conditionSql(condition: Condition, parameters: Parameters): string {
  const { operator, modifier, value } = condition;
  const column = columnSql(condition.column, parameters);
  if (operator === "is") return `${column} is ${isKeyword(value)}`;
  if (operator === "in") return `${column} = any(${parameters.add(arrayLiteral(value))})`;
  const search = textSearch[operator];
  if (search) {
    const configuration = modifier ? `${parameters.add(modifier)}::regconfig, ` : "";
    return `${column} @@ ${search}(${configuration}${parameters.add(value)})`;
  }
  const symbol = operators[operator];
  if (!symbol) throw parseError("filter", operator);
  const isPattern = operator === "like" || operator === "ilike";
  const operand = parameters.add(isPattern ? value.replaceAll("*", "%") : value);
  if (modifier === "any" || modifier === "all")
    return `${column} ${symbol} ${modifier}(${operand})`;
  return `${column} ${symbol} ${operand}`;
}

function isKeyword(value: string): string {
  const word = value.toLowerCase();
  if (word === "not_null") return "not null";
  if (["null", "true", "false", "unknown"].includes(word)) return word;
  throw parseError("filter", `is.${value}`);
}

/** `(a,"b,c")` as the text of a PostgreSQL array. */
function arrayLiteral(list: string): string {
  if (!list.startsWith("(") || !list.endsWith(")")) throw parseError("filter", `in.${list}`);
  const inner = list.slice(1, -1);
  if (inner === "") return "{}";
  const elements = splitList(inner).map((element) => element.replaceAll(/["\\]/g, "\\$&"));
  return `{"${elements.join('","')}"}`;
}
