import type { Parameters } from "../database/statement.ts";
import { columnSql, parseColumn } from "./column.ts";
import { parseError, splitTopLevel } from "./scanner.ts";

/** ` order by ...` for `?order=a.desc.nullslast,b`, or an empty string. */
export function orderSql(order: string | null, parameters: Parameters): string {
  if (order === null || order === "") return "";
  const terms = splitTopLevel(order, ",").map((term) => {
    const [, column, direction, nulls] =
      /^(.+?)(?:\.(asc|desc))?(?:\.(nullsfirst|nullslast))?$/s.exec(term.trim()) ?? [];
    if (column === undefined) throw parseError("order", order);
    return [
      columnSql(parseColumn(column), parameters),
      direction ?? "asc",
      ...(nulls === undefined ? [] : [nulls === "nullsfirst" ? "nulls first" : "nulls last"]),
    ].join(" ");
  });
  return ` order by ${terms.join(", ")}`;
}
