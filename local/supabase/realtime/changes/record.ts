import type { Relation, Tuple } from "../stream/change.ts";
import { parseArrayText } from "./array-text.ts";

export type TypeNames = ReadonlyMap<number, string>;

/** The columns of a row for which `isShown` is true, as JSON values. */
export function toRecord(
  relation: Relation,
  tuple: Tuple,
  input: { typeNames: TypeNames; isShown: (name: string) => boolean },
): Record<string, unknown> {
  return Object.fromEntries(
    relation.columns.flatMap(({ name, typeOid }) => {
      const text = tuple[name];
      if (text === undefined || !input.isShown(name)) return [];
      return [[name, toJson(text, input.typeNames.get(typeOid) ?? "text")]];
    }),
  );
}

function toJson(text: string | null, type: string): unknown {
  if (text === null) return null;
  if (type.startsWith("_")) {
    return parseArrayText(text, (item) => toJson(item, type.slice(1)));
  }
  switch (type) {
    case "bool":
      return text === "t";
    case "int2":
    case "int4":
    case "int8":
    case "oid":
    case "float4":
    case "float8":
    case "numeric":
      return Number.isFinite(Number(text)) ? Number(text) : text;
    case "json":
    case "jsonb":
      return JSON.parse(text);
    case "timestamp":
      return text.replace(" ", "T");
    case "timestamptz":
      return text.replace(" ", "T").replace(/([+-]\d\d)$/, "$1:00");
    default:
      return text;
  }
}
