import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

/** JSON Schema, as far as the OpenAPI document of the API uses it. */
export interface Schema {
  $ref?: string;
  type?: string | string[];
  enum?: unknown[];
  const?: unknown;
  format?: string;
  description?: string;
  properties?: Record<string, Schema>;
  required?: string[];
  additionalProperties?: boolean | Schema;
  items?: Schema;
  anyOf?: Schema[];
  oneOf?: Schema[];
  allOf?: Schema[];
  nullable?: boolean;
}

export interface Content {
  schema?: Schema;
}

export interface Parameter {
  name: string;
  in: "path" | "query" | "header";
  required?: boolean;
  description?: string;
  schema?: Schema;
}

export interface Operation {
  summary?: string;
  description?: string;
  deprecated?: boolean;
  security?: Record<string, string[]>[];
  parameters?: Parameter[];
  requestBody?: { required?: boolean; content: Record<string, Content> };
  responses: Record<string, { description?: string; content?: Record<string, Content> }>;
}

export interface OpenApiDocument {
  components: { schemas: Record<string, Schema> };
  paths: Record<string, Record<string, Operation>>;
  webhooks?: Record<string, Record<string, Pick<Operation, "requestBody">>>;
}

const program = fileURLToPath(new URL("../../control-plane/print-openapi.ts", import.meta.url));

/**
 * The OpenAPI document of the API as the code in this folder serves it. It is read in a process of
 * its own, because the control plane has the types and globals of Workers.
 */
export async function readDocument(): Promise<OpenApiDocument> {
  const { stdout } = await promisify(execFile)(process.execPath, [program], {
    maxBuffer: 64_000_000,
  });
  return withNullAtReferences(parse(stdout));
}

/** The control plane generates the document, so it is one. */
function parse(text: string): OpenApiDocument {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return JSON.parse(text) as OpenApiDocument;
}

/**
 * A component that may be null becomes one that may not, and each reference to it may be null, so
 * that its type is the thing itself.
 */
function withNullAtReferences(document: OpenApiDocument): OpenApiDocument {
  const nullable = new Set<string>();
  for (const [name, schema] of Object.entries(document.components.schemas)) {
    if (!Array.isArray(schema.type) || !schema.type.includes("null")) continue;
    nullable.add(`#/components/schemas/${name}`);
    const types = schema.type.filter((type) => type !== "null");
    if (types[0] !== undefined) schema.type = types.length === 1 ? types[0] : types;
  }
  const text = JSON.stringify(document, (_key, value: unknown) =>
    isReference(value) && nullable.has(value.$ref)
      ? { anyOf: [{ ...value, $ref: `${value.$ref}?` }, { type: "null" }] }
      : value,
  );
  return parse(text.replaceAll(/("#\/components\/schemas\/\w+)\?"/g, '$1"'));
}

function isReference(value: unknown): value is { $ref: string } {
  return typeof value === "object" && value !== null && "$ref" in value;
}
