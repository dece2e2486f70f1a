import { splitList, splitTopLevel, unquote } from "../../rest/scanner.ts";

export type ChangeFilter = {
  readonly column: string;
  readonly negated: boolean;
  readonly operator: string;
  readonly value: string;
};

const operators = new Set([
  "eq",
  "neq",
  "lt",
  "lte",
  "gt",
  "gte",
  "in",
  "like",
  "ilike",
  "is",
  "match",
  "imatch",
  "isdistinct",
]);
const numeric = new Set(["int2", "int4", "int8", "float4", "float8", "numeric", "oid"]);
const temporal = new Set(["timestamp", "timestamptz", "date"]);

/** Parses `column=eq.value,other=in.(a,b)`. @throws on anything else. */
export function parseChangeFilters(text: string): ChangeFilter[] {
  return splitTopLevel(text, ",").map((term) => {
    const [, column, not, operator, value] = /^([^=]+)=(not\.)?([a-z]+)\.(.*)$/s.exec(term) ?? [];
    if (column === undefined || value === undefined || !operators.has(operator ?? "")) {
      throw new Error(`Error parsing filter: ${term}`);
    }
    return { column, negated: not !== undefined, operator: operator ?? "", value };
  });
}

/** Whether a value, as PostgreSQL prints it, passes the filter. */
export function passes(filter: ChangeFilter, actual: string | null, type: string): boolean {
  const result = evaluate(filter, actual, type);
  return result === undefined ? false : result !== filter.negated;
}

/** Undefined stands for SQL's `unknown`, the result of comparing with null. */
function evaluate(filter: ChangeFilter, actual: string | null, type: string): boolean | undefined {
  const { operator } = filter;
  const value = operator === "in" ? filter.value : unquote(filter.value);
  if (operator === "is") {
    const word = value.toLowerCase();
    return word === "null" ? actual === null : actual === { true: "t", false: "f" }[word];
  }
  if (operator === "isdistinct") {
    return actual === null ? value !== "null" : compare(actual, value, type) !== 0;
  }
  if (actual === null) return undefined;
  switch (operator) {
    case "in":
      return splitList(value.slice(1, -1)).some((item) => compare(actual, item, type) === 0);
    case "like":
    case "ilike":
      return likePattern(value, operator === "ilike").test(actual);
    case "match":
    case "imatch":
      return new RegExp(value, operator === "imatch" ? "i" : "").test(actual);
    default:
      return ordered(operator, compare(actual, value, type));
  }
}

function ordered(operator: string, order: number): boolean {
  switch (operator) {
    case "neq":
      return order !== 0;
    case "lt":
      return order < 0;
    case "lte":
      return order <= 0;
    case "gt":
      return order > 0;
    case "gte":
      return order >= 0;
    default:
      return order === 0;
  }
}

function compare(actual: string, value: string, type: string): number {
  if (type === "int8" && /^-?\d+$/.test(value)) return sign(BigInt(actual), BigInt(value));
  if (numeric.has(type)) return sign(Number(actual), Number(value));
  if (temporal.has(type)) return sign(Date.parse(actual), Date.parse(value));
  if (type === "bool") return sign(actual, /^(t|true|1|yes|on)$/i.test(value) ? "t" : "f");
  return sign(actual, value);
}

function sign<T extends string | number | bigint>(left: T, right: T): number {
  return left < right ? -1 : left > right ? 1 : 0;
}

function likePattern(pattern: string, ignoreCase: boolean): RegExp {
  const source = pattern
    .replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&")
    .replaceAll("%", ".*")
    .replaceAll("_", ".");
  return new RegExp(`^${source}$`, ignoreCase ? "is" : "s");
}
