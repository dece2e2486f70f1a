import { spawn } from "node:child_process";
import { generateKeyPairSync, randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { createClient, type SupabaseClient } from "@supabase/supabase-js";
import { pino } from "pino";
import { type ConnectorConfig, readConfig } from "../../connector/config.ts";
import type { Timing } from "../../connector/timing.ts";
import { type Connector, startConnector } from "../../connector/connector.ts";
import { startTcpProxy, type TcpProxy } from "../support/tcp-proxy.ts";
import { type RunningSupabase, startSupabase } from "../../local/supabase/start-supabase.ts";
import { type Sandbox, startSandbox } from "../../sandbox/sandbox.ts";
import { type Command, commandResultSchema, type CommandResult } from "../../shared/command.ts";
import { type CommandTarget, signCommandToken } from "../../shared/command-token.ts";
import type { Database, LocatedSession } from "../../shared/database.ts";
import type { Event } from "../../shared/event.ts";
import type { MediaKind, StoredUpload } from "../../shared/media.ts";
import type { Message } from "../../shared/message.ts";
import { quickTiming } from "./quick-timing.ts";
import { startTestDatabase, type TestDatabase } from "../support/database.ts";

const log = pino({ level: process.env["TEST_LOG"] ?? "silent" }, pino.destination(2));
const connectorEntry = fileURLToPath(new URL("../../connector/start.ts", import.meta.url));
const quickEntry = fileURLToPath(new URL("./quick-connector.ts", import.meta.url));

export class CommandFailed extends Error {
  readonly code: string;
  readonly status: number;

  constructor(status: number, { code, detail }: { code: string; detail: string }) {
    super(`${status} ${code}: ${detail}`);
    this.code = code;
    this.status = status;
  }
}

/** A connector with everything it runs against: PostgreSQL, Supabase, the sandbox. */
export class Stack {
  readonly tenantId = "acme";
  readonly database: TestDatabase;
  readonly sandbox: Sandbox;
  supabase: RunningSupabase;
  client: SupabaseClient<Database>;
  /** Between the connectors and PostgreSQL. */
  databasePath: TcpProxy;
  readonly #commandKeys = generateKeyPairSync("ed25519");
  readonly encryptionKey = randomBytes(32);
  readonly #jwtSecret = randomBytes(24).toString("hex");
  readonly #storageDir: string;
  readonly #stops: (() => Promise<unknown>)[] = [];

  static async start(): Promise<Stack> {
    const database = await startTestDatabase();
    const sandbox = await startSandbox({ port: 0, log });
    const storageDir = await mkdtemp(join(tmpdir(), "whatsapp-connector-test-"));
    const stack = new Stack(database, sandbox, storageDir);
    const { hostname, port } = new URL(database.databaseUrl);
    stack.databasePath = await startTcpProxy({ host: hostname, port: Number(port) });
    await stack.startSupabase(0);
    await database.pool.query("insert into tenants (tenant_id, name) values ($1, 'Acme')", [
      stack.tenantId,
    ]);
    return stack;
  }

  private constructor(database: TestDatabase, sandbox: Sandbox, storageDir: string) {
    this.database = database;
    this.sandbox = sandbox;
    this.#storageDir = storageDir;
    // start() sets these before anybody sees the stack.
    this.databasePath = undefined as unknown as TcpProxy;
    this.supabase = undefined as unknown as RunningSupabase;
    this.client = undefined as unknown as SupabaseClient<Database>;
  }

  async startSupabase(port: number): Promise<void> {
    this.supabase = await startSupabase({
      databaseUrl: this.database.databaseUrl,
      port,
      jwtSecret: this.#jwtSecret,
      storageDir: this.#storageDir,
      log,
    });
    this.client = createClient<Database>(this.supabase.url, this.supabase.serviceKey, {
      auth: { persistSession: false },
    });
  }

  /** Runs `meanwhile` while neither Supabase nor its PostgreSQL can be reached. */
  async withoutSupabase(meanwhile: () => Promise<unknown>): Promise<void> {
    const port = Number(new URL(this.supabase.url).port);
    this.databasePath.refuse();
    await this.supabase.stop();
    try {
      await meanwhile();
    } finally {
      this.databasePath.pass();
      await this.startSupabase(port);
    }
  }

  /** A path of its own to the sandbox network. */
  async proxySandbox(): Promise<{ url: string; proxy: TcpProxy }> {
    const url = new URL(this.sandbox.webSocketUrl);
    const proxy = await startTcpProxy({ host: url.hostname, port: Number(url.port) });
    this.#stops.push(() => proxy.stop());
    url.port = String(proxy.port);
    return { url: url.href, proxy };
  }

  environment(): Record<string, string> {
    return {
      SUPABASE_URL: this.supabase.url,
      SUPABASE_KEY: this.supabase.serviceKey,
      DATABASE_URL: this.databaseUrl(),
      ENCRYPTION_KEY: this.encryptionKey.toString("base64"),
      COMMAND_PUBLIC_KEY: this.#commandKeys.publicKey
        .export({ format: "der", type: "spki" })
        .toString("base64"),
      PORT: "0",
      METRICS_PORT: "0",
      HOST: "127.0.0.1",
      SANDBOX_WS_URL: this.sandbox.webSocketUrl,
      SANDBOX_ROOT_KEY: this.sandbox.rootKey,
      SANDBOX_MEDIA_CA: this.sandbox.caCertificateFile,
      LIVE_NETWORK: "off",
      LOG_LEVEL: process.env["TEST_LOG"] ?? "silent",
    };
  }

  databaseUrl(): string {
    const url = new URL(this.database.databaseUrl);
    url.hostname = "127.0.0.1";
    url.port = String(this.databasePath.port);
    return url.href;
  }

  /** A connector in this process. */
  async startConnector(
    timing: Partial<Timing> = {},
    environment: Record<string, string> = {},
  ): Promise<Connector> {
    const read = readConfig({ ...this.environment(), ...environment });
    if ("mistakes" in read) throw new Error(read.mistakes.join("\n"));
    const config: ConnectorConfig = { ...read.config, timing: { ...quickTiming, ...timing } };
    const connector = await startConnector(config);
    this.#stops.push(() => connector.stop());
    return connector;
  }

  async stopConnectors(): Promise<void> {
    await Promise.all(this.#stops.map((stop) => stop()));
  }

  /** A connector in a process of its own: a quick one, or the very one that is deployed. */
  async spawnConnector({ quick, preload }: { quick: boolean; preload?: string }): Promise<{
    url: string;
    metricsUrl: string;
    signal: (name: NodeJS.Signals) => void;
    exited: Promise<number>;
    kill: () => Promise<void>;
    term: () => Promise<number>;
  }> {
    const preloaded = preload === undefined ? [] : ["--import", preload];
    const entry = quick ? quickEntry : connectorEntry;
    const child = spawn(process.execPath, [...preloaded, entry], {
      env: { ...process.env, ...this.environment() },
      stdio: ["ignore", "pipe", "inherit"],
    });
    const exited = once(child, "exit");
    this.#stops.push(async () => {
      child.kill("SIGKILL");
      await exited;
    });
    const [line] = (await once(createInterface(child.stdout), "line")) as [string];
    const { url, metricsUrl } = JSON.parse(line) as { url: string; metricsUrl: string };
    return {
      url,
      metricsUrl,
      signal: (name) => void child.kill(name),
      exited: exited.then(([code]) => Number(code)),
      kill: async () => {
        child.kill("SIGKILL");
        await exited;
      },
      term: async () => {
        child.kill("SIGTERM");
        const [code] = (await exited) as [number];
        return code;
      },
    };
  }

  async createSession(sessionId: string): Promise<string> {
    const { data, error } = await this.client.rpc("create_session", {
      tenant_id: this.tenantId,
      session_id: sessionId,
      name: sessionId,
      description: null,
      network: "sandbox",
    });
    if (error !== null || data[0] === undefined) throw new Error(error?.message ?? "no session");
    return data[0].uid;
  }

  /** Creates a phone and a session, and scans the session's QR. */
  async pair(sessionId: string, phone: string): Promise<{ uid: string; phone: string }> {
    await this.phone("POST", "/phones", { phone, name: sessionId });
    const uid = await this.createSession(sessionId);
    const { qr } = await this.until(sessionId, (session) => session.qr !== null);
    await this.phone("POST", `/phones/${phone}/scan`, { qr });
    await this.until(sessionId, (session) => session.state === "connected");
    return { uid, phone };
  }

  async locate(sessionId: string): Promise<LocatedSession> {
    const { data, error } = await this.client.rpc("locate_session", {
      tenant_id: this.tenantId,
      session_id: sessionId,
    });
    if (error !== null || data[0] === undefined) throw new Error(error?.message ?? "no session");
    return data[0];
  }

  until(sessionId: string, is: (session: LocatedSession) => boolean): Promise<LocatedSession> {
    return eventually(() => this.locate(sessionId), is, `session ${sessionId}`);
  }

  async events(type: string): Promise<Event[]> {
    const { rows } = await this.database.pool.query<Event>(
      "select * from event_resources where tenant_id = $1 and type = $2 order by seq",
      [this.tenantId, type],
    );
    return rows;
  }

  async messages(where: Partial<Message>): Promise<Message[]> {
    const { data, error } = await this.client
      .from("message_resources")
      .select("*")
      .eq("tenant_id", this.tenantId)
      .match(where)
      .order("id");
    if (error !== null) throw new Error(error.message);
    return data;
  }

  untilMessage(where: Partial<Message>): Promise<Message> {
    return eventually(
      async () => (await this.messages(where))[0],
      (message) => message !== undefined,
      `message ${JSON.stringify(where)}`,
    ).then((message) => message as Message);
  }

  /** A command as the control plane signs it, for the epoch that the session has now. */
  async signCommand(command: Command, { epoch }: { epoch?: number } = {}): Promise<RequestInit> {
    const { session_uid: uid } = command;
    const session = { uid, epoch: epoch ?? (await this.epochOf(uid)) };
    return this.signBody(JSON.stringify(command), session);
  }

  async signBody(body: string, session: CommandTarget): Promise<RequestInit> {
    const request = { method: "POST", path: "/commands", body, session };
    const token = await signCommandToken(this.#commandKeys.privateKey, request);
    const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
    return { method: "POST", headers, body };
  }

  /** The epoch of the session's owner; 0 when there is no such session. */
  async epochOf(uid: string): Promise<number> {
    const { rows } = await this.database.pool.query<{ epoch: string }>(
      "select epoch from whatsapp_sessions where uid = $1",
      [uid],
    );
    return Number(rows[0]?.epoch ?? 0);
  }

  async command(connectorUrl: string, command: Command): Promise<CommandResult> {
    const response = await fetch(`${connectorUrl}/commands`, await this.signCommand(command));
    const answer: unknown = await response.json();
    if (!response.ok) {
      throw new CommandFailed(response.status, answer as { code: string; detail: string });
    }
    return commandResultSchema.parse(answer);
  }

  /** Has a connector store a file, as the control plane does before it sends one. */
  async upload(
    connectorUrl: string,
    { kind, contentType, body }: { kind: MediaKind; contentType: string; body: string },
  ): Promise<StoredUpload> {
    const query = new URLSearchParams({ tenant_id: this.tenantId, session_id: "main", kind });
    const path = `/uploads?${query.toString()}`;
    const token = await signCommandToken(this.#commandKeys.privateKey, {
      method: "POST",
      path,
      body: "",
    });
    const response = await fetch(connectorUrl + path, {
      method: "POST",
      headers: { authorization: `Bearer ${token}`, "content-type": contentType },
      body,
    });
    const answer: unknown = await response.json();
    if (!response.ok) {
      throw new CommandFailed(response.status, answer as { code: string; detail: string });
    }
    const result = commandResultSchema.parse(answer);
    if (result.type !== "upload") throw new Error(result.type);
    return result.upload;
  }

  async sendText(
    connectorUrl: string,
    text: { uid: string; to: string; text: string; key?: string; hash?: string },
  ): Promise<{ message: Message; replayed: boolean }> {
    const result = await this.command(connectorUrl, {
      type: "send_text",
      session_uid: text.uid,
      to: text.to,
      text: text.text,
      ...(text.key === undefined
        ? {}
        : { idempotency: { key: text.key, request_hash: text.hash ?? text.text } }),
    });
    if (result.type !== "message") throw new Error(result.type);
    return result;
  }

  /** Asks the sandbox's phones API. */
  async phone(method: string, path: string, body?: unknown): Promise<unknown> {
    const response = await fetch(`${this.sandbox.url}${path}`, {
      method,
      ...(body === undefined
        ? {}
        : { headers: { "content-type": "application/json" }, body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return text === "" ? undefined : JSON.parse(text);
  }

  async linkedDevices(phone: string): Promise<{ id: number; online: boolean }[]> {
    const answer = await this.phone("GET", `/phones/${phone}`);
    return (answer as { linked_devices: { id: number; online: boolean }[] }).linked_devices;
  }

  async phoneMessages(
    phone: string,
  ): Promise<{ text?: string; from?: string; direction?: string; status?: string }[]> {
    const answer = await this.phone("GET", `/phones/${phone}/messages`);
    return (Array.isArray(answer) ? answer : (answer as { data: [] }).data) as never;
  }

  async stop(): Promise<void> {
    await Promise.all(this.#stops.map((stop) => stop()));
    await this.client.realtime.disconnect();
    await this.sandbox.stop();
    await this.databasePath.stop();
    await this.supabase.stop();
    await this.database.stop();
    await rm(this.#storageDir, { recursive: true, force: true });
  }
}

/** Asks until the answer is right; the test's own timeout ends it otherwise. */
export async function eventually<Value>(
  ask: () => Promise<Value>,
  isRight: (value: Value) => boolean,
  what = "it",
): Promise<Value> {
  const deadline = performance.now() + 25_000;
  for (;;) {
    const value = await ask();
    if (isRight(value)) return value;
    if (performance.now() > deadline) {
      throw new Error(`${what} never came about; last seen: ${JSON.stringify(value)}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}
