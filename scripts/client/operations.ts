import type { OpenApiDocument, Operation, Parameter, Schema } from "./document.ts";
import { methodName, pascal } from "./method-names.ts";
import { comment, declaration, propertyName, typeOf } from "./types.ts";

const json = "application/json";
const multipart = "multipart/form-data";

/** What a method of the client sends and returns. */
export interface ClientMethod {
  name: string;
  method: string;
  path: string;
  isAdmin: boolean;
  code: string;
  /** The declarations of the types of its body and query. */
  types: string;
}

export function clientMethods(document: OpenApiDocument): ClientMethod[] {
  return Object.entries(document.paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, operation]) => clientMethod(method, path, operation)),
  );
}

function clientMethod(method: string, path: string, operation: Operation): ClientMethod {
  const result = resultOf(operation);
  const name = methodName(method, path, result.kind === "list");
  const query = queryOf(operation, result);
  const body = bodyOf(operation);
  const parameters = pathNames(path).map((one) => `${one}: string`);
  const isAdmin = operation.security?.some((one) => "adminKey" in one) ?? false;
  const typeName = `${isAdmin ? "Admin" : ""}${pascal(name)}`;
  const isIdempotent = operation.parameters?.some(isIdempotencyKey) ?? false;
  const optionsType =
    result.kind === "events" ? "StreamOptions" : isIdempotent ? "SendOptions" : "RequestOptions";
  const fields = [
    `method: ${JSON.stringify(method.toUpperCase())}`,
    `path: [${pathSegments(path)}]`,
  ];
  const types: string[] = [];
  if (body !== undefined) {
    const type = `${typeName}Body`;
    types.push(declaration(type, body));
    parameters.push(`body: ${type}`);
    fields.push("body");
  }
  if (query !== undefined) {
    const type = `${typeName}Query`;
    types.push(declaration(type, query));
    parameters.push(`query: ${type}${(query.required ?? []).length > 0 ? "" : " = {}"}`);
    fields.push("query");
  }
  if (isIdempotent) fields.push("takesIdempotencyKey: true");
  if (result.accepts.length > 0) fields.push(`accepts: [${result.accepts.join(", ")}]`);
  const code = `${docOf(operation, method, path)}${name}(${parameters.join(", ")}${parameters.length > 0 ? ", " : ""}options: ${optionsType} = {}): ${result.type} {
  return this.#transport.${result.call}({ ${fields.join(", ")} }, options);
}`;
  return { name, method, path, isAdmin, code, types: types.join("\n") };
}

interface Result {
  kind: "json" | "list" | "events" | "file" | "nothing";
  type: string;
  /** The method of the transport. */
  call: string;
  /** Statuses besides 2xx whose body is the result, not a problem. */
  accepts: number[];
}

function resultOf({ responses }: Operation): Result {
  const successes = Object.entries(responses).filter(([status]) => status.startsWith("2"));
  const contents = successes.flatMap(([, { content }]) => Object.entries(content ?? {}));
  const schemas = contents.filter(([type]) => type === json).map(([, { schema }]) => schema ?? {});
  const accepts = Object.entries(responses)
    .filter(([status, { content }]) => !status.startsWith("2") && content?.[json] !== undefined)
    .map(([status]) => Number(status));
  if (contents.some(([type]) => type === "text/event-stream")) {
    return {
      kind: "events",
      type: "AsyncGenerator<WhatsAppEvent, void, undefined>",
      call: "events",
      accepts,
    };
  }
  const [first] = schemas;
  if (first === undefined) {
    return successes.some(([status]) => status === "204")
      ? { kind: "nothing", type: "Promise<void>", call: "nothing", accepts }
      : { kind: "file", type: "Promise<Response>", call: "response", accepts };
  }
  const item = first.properties?.["data"]?.items;
  if (first.properties?.["next_cursor"] !== undefined && item !== undefined) {
    return { kind: "list", type: `PagePromise<${typeOf(item)}>`, call: "list", accepts };
  }
  const types = new Set(schemas.map((schema) => typeOf(schema)));
  return { kind: "json", type: `Promise<${[...types].join(" | ")}>`, call: "json", accepts };
}

/** Undefined without a query. The client always asks for JSON where there is a choice. */
function queryOf(operation: Operation, { kind }: Result): Schema | undefined {
  if (kind === "events") return undefined;
  const contents = Object.keys(operation.responses["200"]?.content ?? {});
  const parameters = (operation.parameters ?? []).filter(
    (one) => one.in === "query" && !(one.name === "format" && contents.length > 1),
  );
  if (parameters.length === 0) return undefined;
  return {
    type: "object",
    required: parameters.filter(({ required }) => required === true).map(({ name }) => name),
    properties: Object.fromEntries(parameters.map((one) => [one.name, parameterSchema(one)])),
  };
}

/** `z.coerce` allows null, which a query string cannot express. */
function parameterSchema({ schema = {}, description }: Parameter): Schema {
  const type = Array.isArray(schema.type)
    ? schema.type.filter((one) => one !== "null")
    : schema.type;
  return {
    ...schema,
    ...(type === undefined ? {} : { type }),
    ...(description === undefined ? {} : { description }),
  };
}

/** A body that may also be multipart takes a file's bytes where JSON takes text. */
function bodyOf({ requestBody }: Operation): Schema | undefined {
  const schema = requestBody?.content[json]?.schema;
  const parts = requestBody?.content[multipart]?.schema?.properties;
  if (schema?.properties === undefined || parts === undefined) return schema;
  const properties = Object.entries(schema.properties).map(([name, field]): [string, Schema] => {
    const part = parts[name];
    return part?.format === "binary"
      ? [name, { ...describe(field), anyOf: [{ type: "string" }, part] }]
      : [name, field];
  });
  return { ...schema, properties: Object.fromEntries(properties) };
}

function describe({ description }: Schema): Schema {
  return description === undefined ? {} : { description: `${description}; or its bytes` };
}

function isIdempotencyKey({ name, in: place }: Parameter): boolean {
  return place === "header" && name.toLowerCase() === "idempotency-key";
}

function pathNames(path: string): string[] {
  return Array.from(path.matchAll(/\{(\w+)\}/g), ([, name = ""]) => name);
}

function pathSegments(path: string): string {
  return path
    .split("/")
    .filter(Boolean)
    .map((one) => (one.startsWith("{") ? one.slice(1, -1) : JSON.stringify(one)))
    .join(", ");
}

function docOf({ summary, description, deprecated }: Operation, method: string, path: string) {
  const parts = [
    summary === undefined ? "" : `${summary}.`,
    description ?? "",
    `\`${method.toUpperCase()} ${path}\``,
    deprecated === true ? "@deprecated" : "",
  ];
  return comment(parts.filter(Boolean).join("\n\n"));
}

/** The types of events: of the document's webhooks, else by the names of the event types. */
export function eventTypesCode(document: OpenApiDocument, types: readonly string[]): string {
  const described = Object.entries(document.webhooks ?? {}).map(([name, { post }]) => ({
    name,
    type: typeOf(post?.requestBody?.content[json]?.schema),
  }));
  const events = described.length > 0 ? described : types.map(baseEvent);
  const fields = events.map(({ name, type }) => `${propertyName(name)}: ${type};`);
  return `/** The events by their type. */
export interface WhatsAppEvents {
${fields.join("\n")}
}

export type EventType = keyof WhatsAppEvents;

/** An event as streams and webhooks deliver it. \`type\` tells the shape of \`data\`. */
export type WhatsAppEvent = WhatsAppEvents[EventType];
`;
}

function baseEvent(name: string): { name: string; type: string } {
  const data = name.startsWith("message.")
    ? "Message"
    : name.startsWith("session.")
      ? "Session & Record<string, unknown>"
      : "Record<string, unknown>";
  const session = name.startsWith("webhook.") ? "null" : "string";
  const type = `{
    id: string; type: ${JSON.stringify(name)}; timestamp: string; tenant_id: string;
    session_id: ${session}; seq: number; data: ${data};
  }`;
  return { name, type };
}
