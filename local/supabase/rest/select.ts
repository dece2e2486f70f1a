import { identifier, type Parameters } from "../database/statement.ts";
import { columnSql, defaultName, parseColumn, rowAlias } from "./column.ts";
import { restError } from "./rest-error.ts";
import { parseError, splitTopLevel, unquote } from "./scanner.ts";

const typeName = /^[a-z_][a-z0-9_ ]*(?:\(\d+(?:,\s*\d+)?\))?(?:\[\])*$/i;

/** The select list of `?select=`: names, aliases (`a:b`), casts (`b::text`) and JSON paths. */
export function selectSql(select: string | null, parameters: Parameters): string {
  if (select === null || select === "" || select === "*") return `${rowAlias}.*`;
  return splitTopLevel(select, ",")
    .map((item) => itemSql(item.trim(), parameters))
    .join(", ");
}

function itemSql(item: string, parameters: Parameters): string {
  if (item === "*") return `${rowAlias}.*`;
  if (/[()]/.test(item.replaceAll(/"[^"]*"|::.*$/g, ""))) {
    throw restError(400, {
      code: "PGRST200",
      message: `Could not find a relationship for '${item}' in the schema cache`,
      details: "Embedding other tables is not supported by the local server.",
    });
  }
  const [, alias, rest] = /^(?:("[^"]*"|[^:"]+):(?!:))?(.+)$/s.exec(item) ?? [];
  if (rest === undefined) throw parseError("select parameter", item);
  const [source = "", cast] = rest.split("::");
  const path = parseColumn(source);
  if (cast !== undefined && !typeName.test(cast)) throw parseError("select parameter", item);
  const sql = columnSql(path, parameters);
  const name = alias === undefined ? defaultName(path) : unquote(alias);
  return `${cast === undefined ? sql : `cast(${sql} as ${cast})`} as ${identifier(name)}`;
}
