import { pino } from "pino";
import { z } from "zod";
import { type Sandbox, type SandboxOptions, startSandbox } from "../sandbox.ts";
import { type Library, TestClient } from "./client.ts";

const json = z.record(z.string(), z.unknown());
type Json = z.infer<typeof json>;

export interface Answer {
  status: number;
  body: Json;
}

/** A running sandbox and a client of its phones API, for one test file. */
export class Harness {
  sandbox: Sandbox;
  readonly #options: SandboxOptions;
  readonly #clients = new Set<TestClient>();
  #lastNumber = 393_330_000_000;

  private constructor(sandbox: Sandbox, options: SandboxOptions) {
    this.sandbox = sandbox;
    this.#options = options;
  }

  static async start(options: Partial<SandboxOptions> = {}): Promise<Harness> {
    const log = pino({ level: process.env["SANDBOX_LOG"] ?? "silent" });
    const complete = { port: 0, log, ...options };
    return new Harness(await startSandbox(complete), complete);
  }

  async call(method: string, path: string, body?: unknown): Promise<Answer> {
    const response = await fetch(`${this.sandbox.url}${path}`, {
      method,
      ...(body !== undefined && {
        body: JSON.stringify(body),
        headers: { "content-type": "application/json" },
      }),
    });
    const text = await response.text();
    return { status: response.status, body: text ? json.parse(JSON.parse(text)) : {} };
  }

  /** Creates a phone and returns its number. */
  async phone(name = "Ada"): Promise<string> {
    this.#lastNumber += 1;
    const phone = String(this.#lastNumber);
    await this.call("POST", "/phones", { phone, name });
    return phone;
  }

  /** A client that is not linked, unless `config` has the `auth` of one that is. */
  client(config?: ConstructorParameters<typeof TestClient>[1], library?: Library): TestClient {
    const client = new TestClient(this.sandbox.webSocketUrl, config, library);
    this.#clients.add(client);
    return client;
  }

  /** A client that is linked to the phone and connected. */
  async paired(phone: string, library?: Library): Promise<TestClient> {
    const client = this.client({}, library);
    const qr = await client.qr();
    const scanned = await this.call("POST", `/phones/${phone}/scan`, { qr });
    if (scanned.status !== 200) throw new Error(`scan: ${JSON.stringify(scanned.body)}`);
    await client.open();
    return client;
  }

  async messages(phone: string): Promise<Json[]> {
    const { body } = await this.call("GET", `/phones/${phone}/messages`);
    return z.array(json).parse(body["data"]);
  }

  /** Waits for a message on the phone that has these fields. */
  async phoneMessage(phone: string, fields: Json): Promise<Json> {
    for (;;) {
      const found = (await this.messages(phone)).find((message) =>
        Object.entries(fields).every(([name, value]) => message[name] === value),
      );
      if (found) return found;
      await new Promise((resolve) => {
        setTimeout(resolve, 5);
      });
    }
  }

  /** Restarts the network with the same data and port. */
  async restart(): Promise<void> {
    const port = Number(new URL(this.sandbox.url).port);
    await this.sandbox.stop();
    this.sandbox = await startSandbox({ ...this.#options, port });
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#clients].map((client) => client.close()));
    await this.sandbox.stop();
  }
}
