import { identifier, type Parameters } from "../database/statement.ts";
import { parseError, unquote } from "./scanner.ts";

/** A column, or a path inside a JSON column: `data->a->>0`. */
export type ColumnPath = {
  readonly column: string;
  readonly steps: readonly { readonly arrow: "->" | "->>"; readonly key: string }[];
};

export const rowAlias = "_t";

export function parseColumn(text: string): ColumnPath {
  const [, name, rest] = /^("(?:[^"\\]|\\.)*"|(?:(?!->)[^".])+)((?:->>?.+)?)$/s.exec(text) ?? [];
  if (name === undefined || rest === undefined) throw parseError("column", text);
  const steps = [...rest.matchAll(/(->>?)("(?:[^"\\]|\\.)*"|(?:(?!->).)+)/gs)].map((match) => ({
    arrow: match[1] === "->>" ? ("->>" as const) : ("->" as const),
    key: unquote(match[2] ?? ""),
  }));
  return { column: unquote(name), steps };
}

/** SQL for the column; the keys of a JSON path are passed as parameters. */
export function columnSql(path: ColumnPath, parameters: Parameters): string {
  const base = `${rowAlias}.${identifier(path.column)}`;
  return path.steps.reduce((sql, { arrow, key }, index) => {
    const type = /^-?\d+$/.test(key) ? "int" : "text";
    const json = index === 0 ? `to_jsonb(${sql})` : sql;
    return `${json}${arrow}${parameters.add(key)}::${type}`;
  }, base);
}

/** The name of the column in the result if it has no alias. */
export function defaultName(path: ColumnPath): string {
  return path.steps.findLast((step) => !/^-?\d+$/.test(step.key))?.key ?? path.column;
}
