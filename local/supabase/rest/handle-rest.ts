import { DatabaseError } from "pg";
import { identify } from "../auth/identify.ts";
import type { TokenVerifier } from "../auth/verify-token.ts";
import { isConnectionError } from "../database/connection-error.ts";
import type { Caller, Database } from "../database/database.ts";
import type { Statement } from "../database/statement.ts";
import { header, readBody, reply, type Exchange } from "../http/exchange.ts";
import { callStatement } from "./call.ts";
import { chooseFunction } from "./choose-function.ts";
import { parsePreferences, type Preferences } from "./preferences.ts";
import { readStatement } from "./read.ts";
import { exposedSchema, type Table } from "./read-schema.ts";
import { fromDatabaseError, restError } from "./rest-error.ts";
import type { SchemaCache } from "./schema-cache.ts";
import { deleteStatement, insertStatement, updateStatement, type Write } from "./write.ts";

export type RestServices = {
  readonly database: Database;
  readonly verify: TokenVerifier;
  readonly schema: SchemaCache;
};

type Result = {
  readonly total: number | null;
  readonly page: number;
  readonly body: string;
  /** Undefined for anything but an upsert. */
  readonly inserted: number | undefined;
};

/** Handles `/rest/v1/<table>` and `/rest/v1/rpc/<function>`; `path` is the rest after `/rest/v1/`. */
export async function handleRest(
  exchange: Exchange,
  path: string,
  services: RestServices,
): Promise<void> {
  const caller = await identify(exchange, services.verify);
  requirePublicSchema(exchange);
  const preferences = parsePreferences({
    prefer: header(exchange, "prefer") ?? "",
    accept: header(exchange, "accept") ?? "",
    range: header(exchange, "range"),
    query: exchange.query,
  });
  const request: RestRequest = { exchange, caller, preferences, services };
  if (path === "") return reply(exchange, { status: 200, body: "{}" });
  if (path.startsWith("rpc/")) return call(request, decodeURIComponent(path.slice(4)));
  const name = decodeURIComponent(path);
  switch (exchange.method) {
    case "GET":
    case "HEAD":
      return read(request, name);
    case "POST":
      return write(request, name, insertStatement);
    case "PATCH":
      return write(request, name, updateStatement);
    case "DELETE":
      return write(request, name, deleteStatement);
    default:
      throw restError(405, { code: "PGRST117", message: "Unsupported HTTP method" });
  }
}

type RestRequest = {
  readonly exchange: Exchange;
  readonly caller: Caller;
  readonly preferences: Preferences;
  readonly services: RestServices;
};

async function read(request: RestRequest, name: string): Promise<void> {
  const { exchange, preferences } = request;
  const table = await findTable(request, name);
  const statement = readStatement({ table: table.name, query: exchange.query, preferences });
  const result = await run(request, statement);
  replyRows(request, result);
}

async function write(
  request: RestRequest,
  name: string,
  build: (write: Write) => Statement,
): Promise<void> {
  const { exchange, preferences } = request;
  const table = await findTable(request, name);
  const payload = (await readBody(exchange)).toString("utf8");
  const result = await run(request, build({ table, query: exchange.query, preferences, payload }));
  const hasBody = preferences.returns === "representation";
  const status = exchange.method === "POST" ? insertStatus(result) : hasBody ? 200 : 204;
  reply(exchange, {
    status,
    body: hasBody ? result.body : "",
    headers: { "content-range": `*/${result.total ?? "*"}` },
  });
}

/** A merging upsert that inserts nothing has created nothing. PostgREST answers others with 201. */
function insertStatus({ inserted = 1 }: Result): number {
  return inserted > 0 ? 201 : 200;
}

async function call(request: RestRequest, name: string): Promise<void> {
  const { exchange, preferences, services } = request;
  const overloads = await services.schema.functions(name);
  const { args, given } = await readArguments(exchange, overloads);
  let chosen;
  try {
    chosen = chooseFunction(name, overloads, given);
  } catch (error) {
    // It may be a new overload of a known name: reload the schema and try once more.
    if (!overloads) throw error;
    await services.schema.reload();
    chosen = chooseFunction(name, await services.schema.functions(name), given);
  }
  const statement = callStatement({ chosen, given, args, query: exchange.query, preferences });
  const result = await run(request, statement);
  const one = { "content-range": `0-0/${result.total ?? "*"}` };
  if (chosen.returns === "void") return reply(exchange, { status: 204, headers: one });
  if (preferences.returns === "minimal") {
    // supabase-js sends this for a HEAD request whose arguments do not fit into a URL.
    const headers = { "content-range": `*/${result.total ?? "*"}` };
    return reply(exchange, { status: 204, headers });
  }
  if (chosen.returnsSet) return replyRows(request, result);
  return reply(exchange, { status: 200, body: result.body, headers: one });
}

async function readArguments(
  exchange: Exchange,
  overloads: readonly { readonly arguments: readonly { readonly name: string }[] }[] | undefined,
): Promise<{ args: string; given: Set<string> }> {
  if (exchange.method === "POST") {
    const args = (await readBody(exchange)).toString("utf8") || "{}";
    return { args, given: new Set(Object.keys(parseObject(args))) };
  }
  const known = new Set(
    overloads?.flatMap((overload) => overload.arguments.map(({ name }) => name)),
  );
  const values = Object.fromEntries([...exchange.query].filter(([name]) => known.has(name)));
  return { args: JSON.stringify(values), given: new Set(Object.keys(values)) };
}

function parseObject(text: string): object {
  try {
    return Object(JSON.parse(text));
  } catch (cause) {
    throw Object.assign(restError(400, { code: "PGRST102", message: "Empty or invalid json" }), {
      cause,
    });
  }
}

async function findTable(request: RestRequest, name: string): Promise<Table> {
  const table = await request.services.schema.table(name);
  if (table) return table;
  throw restError(404, {
    code: "PGRST205",
    message: `Could not find the table '${exposedSchema}.${name}' in the schema cache`,
  });
}

async function run(request: RestRequest, statement: Statement): Promise<Result> {
  const { exchange, caller, services } = request;
  try {
    const [row] = await services.database.runAs(
      {
        role: caller.role,
        claims: caller.claims,
        method: exchange.method,
        path: exchange.path,
        headers: JSON.stringify(exchange.request.headers),
      },
      statement,
    );
    const [total = null, page = "0", body = "", inserted = null] = row ?? [];
    return {
      total: total === null ? null : Number(total),
      page: Number(page),
      body: body ?? "",
      inserted: inserted === null ? undefined : Number(inserted),
    };
  } catch (error) {
    if (error instanceof DatabaseError && !isConnectionError(error)) {
      throw fromDatabaseError(error, caller.role);
    }
    throw error;
  }
}

function replyRows(request: RestRequest, result: Result): void {
  const { exchange, preferences } = request;
  const { total, page, body } = result;
  const { offset } = preferences;
  if (total !== null && offset > 0 && offset >= total && offset !== 0) {
    throw restError(416, {
      code: "PGRST103",
      message: "Requested range not satisfiable",
      details: `An offset of ${offset} was requested, but there are only ${total} rows.`,
    });
  }
  const range = page === 0 ? "*" : `${offset}-${offset + page - 1}`;
  reply(exchange, {
    status: total !== null && page < total ? 206 : 200,
    body,
    headers: { "content-range": `${range}/${total ?? "*"}` },
  });
}

function requirePublicSchema(exchange: Exchange): void {
  const profile = header(exchange, "accept-profile") ?? header(exchange, "content-profile");
  if (profile === undefined || profile === exposedSchema) return;
  throw restError(406, {
    code: "PGRST106",
    message: `Invalid schema: ${profile}`,
    hint: `Only the following schemas are exposed: ${exposedSchema}`,
  });
}
