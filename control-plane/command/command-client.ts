import { importPKCS8 } from "jose";
import { z } from "zod";
import {
  type Command,
  type CommandFailure,
  type CommandResult,
  commandFailureSchema,
  commandResultSchema,
  notOwnerCode,
  type UploadQuery,
} from "../../shared/command.ts";
import { type BoundRequest, signCommandToken } from "../../shared/command-token.ts";
import { describeError, logEvent } from "../http/log.ts";

/** The address of a connector, as registered in the database. */
export interface Connector {
  url: string;
  /** The id of its Fly machine; null elsewhere. */
  instance: string | null;
}

export type Outcome =
  | { kind: "result"; result: CommandResult }
  | ({ kind: "failure" } & CommandFailure)
  /** This connector does not own the session; it did nothing. */
  | { kind: "not_owner" }
  /** No valid response: the command may or may not have been carried out. */
  | { kind: "no_response" };

const responseSchema = z.union([commandResultSchema, commandFailureSchema]);

/** Sends commands to connectors over HTTP, signed with the control plane's private key. */
export class CommandClient {
  readonly #privateKey: string;
  readonly #fetch: typeof fetch;
  #importedKey: Awaited<ReturnType<typeof importPKCS8>> | undefined;

  /** @param privateKey PKCS8 DER in base64, as in COMMAND_PRIVATE_KEY */
  constructor(privateKey: string, fetchFunction: typeof fetch) {
    this.#privateKey = privateKey;
    this.#fetch = fetchFunction;
  }

  /** `epoch` is that of the connector's ownership: under another one it refuses the command. */
  post(
    connector: Connector,
    command: Command,
    { epoch, timeoutMs }: { epoch: number; timeoutMs: number },
  ): Promise<Outcome> {
    const body = JSON.stringify(command);
    return this.#request(connector, {
      path: "/commands",
      contentType: "application/json",
      body,
      signed: { body, session: { uid: command.session_uid, epoch } },
      timeoutMs,
      what: command.type,
    });
  }

  /** Passes the body of a request to send a file on as it comes. It is not part of the signature. */
  upload(
    connector: Connector,
    query: UploadQuery,
    request: { body: ReadableStream | null; contentType: string; timeoutMs: number },
  ): Promise<Outcome> {
    return this.#request(connector, {
      path: `/uploads?${searchOf(query)}`,
      ...request,
      signed: { body: "" },
      what: "upload",
    });
  }

  /** Opens a file of the connector's directory. The time limit is for the headers alone. */
  async get(
    connector: Connector,
    path: string,
    request: { method: "GET" | "HEAD"; headers: Headers; timeoutMs: number },
  ): Promise<Response> {
    const { method, headers } = request;
    const url = urlOf(connector, path);
    const token = await signCommandToken(await this.#importKey(), {
      method,
      path: url.pathname + url.search,
      body: "",
    });
    headers.set("authorization", `Bearer ${token}`);
    if (connector.instance !== null) headers.set("fly-force-instance-id", connector.instance);
    const aborter = new AbortController();
    const timer = setTimeout(() => aborter.abort(), request.timeoutMs);
    const send = this.#fetch;
    try {
      return await send(url, { method, headers, signal: aborter.signal });
    } finally {
      clearTimeout(timer);
    }
  }

  /** Whether the connector responds at all. */
  async isAlive(connector: Connector, timeoutMs: number): Promise<boolean> {
    const headers = new Headers();
    if (connector.instance !== null) headers.set("fly-force-instance-id", connector.instance);
    const send = this.#fetch;
    try {
      const signal = AbortSignal.timeout(timeoutMs);
      const response = await send(urlOf(connector, "/health"), { headers, signal });
      await response.body?.cancel();
      return response.ok;
    } catch {
      return false;
    }
  }

  async #request(
    connector: Connector,
    request: {
      path: string;
      contentType: string;
      body: string | ReadableStream | null;
      signed: Pick<BoundRequest, "body" | "session">;
      timeoutMs: number;
      what: string;
    },
  ): Promise<Outcome> {
    const url = urlOf(connector, request.path);
    // A token is accepted once: each request has its own.
    const token = await signCommandToken(await this.#importKey(), {
      method: "POST",
      path: url.pathname + url.search,
      ...request.signed,
    });
    const headers = new Headers({
      authorization: `Bearer ${token}`,
      "content-type": request.contentType,
    });
    if (connector.instance !== null) headers.set("fly-force-instance-id", connector.instance);
    // workerd rejects a fetch that is called as a method of another object.
    const send = this.#fetch;
    try {
      const response = await send(url, {
        method: "POST",
        headers,
        body: request.body,
        signal: AbortSignal.timeout(request.timeoutMs),
      });
      return toOutcome(responseSchema.parse(await response.json()));
    } catch (error) {
      logEvent("warn", "command_no_response", { command: request.what, ...describeError(error) });
      return { kind: "no_response" };
    }
  }

  async #importKey() {
    this.#importedKey ??= await importPKCS8(
      `-----BEGIN PRIVATE KEY-----\n${this.#privateKey}\n-----END PRIVATE KEY-----`,
      "EdDSA",
    );
    return this.#importedKey;
  }
}

function searchOf({ idempotency_key: key, ...query }: UploadQuery): string {
  return new URLSearchParams({
    ...query,
    ...(key === undefined ? {} : { idempotency_key: key }),
  }).toString();
}

function urlOf(connector: Connector, path: string): URL {
  return new URL(`${connector.url.replace(/\/$/, "")}${path}`);
}

function toOutcome(response: z.infer<typeof responseSchema>): Outcome {
  if ("type" in response) return { kind: "result", result: response };
  if (response.code === notOwnerCode) return { kind: "not_owner" };
  return { kind: "failure", ...response };
}
