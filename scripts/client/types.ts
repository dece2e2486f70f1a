import type { Schema } from "./document.ts";

/** How TypeScript writes the values that a schema allows. */
export function typeOf(schema: Schema | undefined): string {
  if (schema === undefined) return "unknown";
  const type = nonNullType(schema);
  return schema.nullable === true && type !== "null" ? `${type} | null` : type;
}

function nonNullType(schema: Schema): string {
  if (schema.$ref !== undefined) return schema.$ref.split("/").at(-1) ?? "unknown";
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum !== undefined) return union(schema.enum.map((one) => JSON.stringify(one)));
  if (schema.allOf !== undefined) {
    return schema.allOf.map((part) => `(${typeOf(part)})`).join(" & ");
  }
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices !== undefined) return union(choices.map(typeOf));
  if (Array.isArray(schema.type)) {
    return union(schema.type.map((type) => typeOf({ ...schema, type })));
  }
  return namedType(schema);
}

function namedType(schema: Schema): string {
  switch (schema.type) {
    case "string":
      return schema.format === "binary" ? "FileInput" : "string";
    case "integer":
    case "number":
      return "number";
    case "boolean":
      return "boolean";
    case "null":
      return "null";
    case "array":
      return `(${typeOf(schema.items)})[]`;
    case "object":
      return objectType(schema);
    case undefined:
    default:
      return "unknown";
  }
}

function objectType({ properties = {}, required = [], additionalProperties }: Schema): string {
  const fields = Object.entries(properties).map(
    ([name, field]) =>
      `${comment(field.description)}${propertyName(name)}${required.includes(name) ? "" : "?"}: ${typeOf(field)}${required.includes(name) ? "" : " | undefined"};`,
  );
  if (fields.length > 0) return `{\n${fields.join("\n")}\n}`;
  const values = typeof additionalProperties === "object" ? additionalProperties : undefined;
  return `Record<string, ${typeOf(values)}>`;
}

function union(types: string[]): string {
  return [...new Set(types)].join(" | ");
}

export function propertyName(name: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(name) ? name : JSON.stringify(name);
}

/** A doc comment, or nothing without a text. */
export function comment(text: string | undefined): string {
  if (text === undefined || text === "") return "";
  const lines = text.replaceAll("*/", "*\\/").split("\n");
  if (lines.length === 1) return `/** ${lines[0]} */\n`;
  return `/**\n${lines.map((line) => ` * ${line}`.trimEnd()).join("\n")}\n */\n`;
}

/** The declaration of a named type: an interface where it is an object. */
export function declaration(name: string, schema: Schema): string {
  const type = typeOf(schema);
  const about = comment(schema.description);
  return schema.type === "object" && type.startsWith("{")
    ? `${about}export interface ${name} ${type}\n`
    : `${about}export type ${name} = ${type};\n`;
}
