import { parseColumn, type ColumnPath } from "./column.ts";
import { parseError, splitTopLevel, unquote } from "./scanner.ts";

export type Condition = {
  readonly kind: "condition";
  readonly negated: boolean;
  readonly column: ColumnPath;
  readonly operator: string;
  /** `any`/`all` of `like(any)`, or the text search configuration of `fts(english)`. */
  readonly modifier: string | undefined;
  readonly value: string;
};

export type Group = {
  readonly kind: "group";
  readonly negated: boolean;
  readonly joiner: "and" | "or";
  readonly children: readonly Filter[];
};

export type Filter = Condition | Group;

const reserved = new Set([
  "select",
  "order",
  "limit",
  "offset",
  "columns",
  "on_conflict",
  "apikey",
]);

/** Parses the filters of a query string; `ignored` lists parameters that are not filters. */
export function parseFilters(query: URLSearchParams, ignored?: ReadonlySet<string>): Filter[] {
  const filters: Filter[] = [];
  for (const [name, value] of query) {
    if (reserved.has(name) || ignored?.has(name)) continue;
    const [, not, joiner] = /^(not\.)?(and|or)$/.exec(name) ?? [];
    if (joiner === "and" || joiner === "or") {
      filters.push(parseGroup(value, { joiner, negated: not !== undefined }));
    } else {
      filters.push(parseCondition(name, value));
    }
  }
  return filters;
}

function parseGroup(text: string, group: { joiner: "and" | "or"; negated: boolean }): Group {
  if (!text.startsWith("(") || !text.endsWith(")")) throw parseError("logic tree", text);
  const children = splitTopLevel(text.slice(1, -1), ",").map((term) => parseMember(term.trim()));
  return { kind: "group", ...group, children };
}

function parseMember(text: string): Filter {
  const [, not, joiner, rest] = /^(not\.)?(and|or)(\(.*\))$/s.exec(text) ?? [];
  if ((joiner === "and" || joiner === "or") && rest !== undefined) {
    return parseGroup(rest, { joiner, negated: not !== undefined });
  }
  const end = columnTermEnd(text);
  if (end === -1) throw parseError("logic tree", text);
  const condition = parseCondition(text.slice(0, end), text.slice(end + 1));
  return condition.operator === "in"
    ? condition
    : { ...condition, value: unquote(condition.value) };
}

function parseCondition(name: string, text: string): Condition {
  const [, not, operator, modifier, value] =
    /^(not\.)?([a-z]+)(?:\(([^)]*)\))?\.(.*)$/s.exec(text) ?? [];
  if (operator === undefined || value === undefined) throw parseError("filter", text);
  return {
    kind: "condition",
    negated: not !== undefined,
    column: parseColumn(name),
    operator,
    modifier,
    value,
  };
}

/** The end of the column in `column.operator.value`: the first dot outside double quotes. */
function columnTermEnd(text: string): number {
  let quoted = false;
  for (let at = 0; at < text.length; at += 1) {
    if (text[at] === '"') quoted = !quoted;
    else if (text[at] === "." && !quoted) return at;
  }
  return -1;
}
