import { importPKCS8 } from "jose";
import { z } from "zod";
import {
  type Command,
  type CommandResult,
  commandFailureSchema,
  commandResultSchema,
  notOwnerCode,
} from "../../shared/command.ts";
import { signCommandToken } from "../../shared/command-token.ts";
import { describeError, logEvent } from "../http/log.ts";

/** The address of a connector, as registered in the database. */
export interface Connector {
  url: string;
  /** The id of its Fly machine; null elsewhere. */
  instance: string | null;
}

export type Outcome =
  | { kind: "result"; result: CommandResult }
  | { kind: "failure"; code: string; detail: string }
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

  async post(connector: Connector, command: Command, timeoutMs: number): Promise<Outcome> {
    const url = new URL(`${connector.url.replace(/\/$/, "")}/commands`);
    const body = JSON.stringify(command);
    const request = { method: "POST", path: url.pathname, body };
    const token = await signCommandToken(await this.#importKey(), request);
    const headers = new Headers({
      authorization: `Bearer ${token}`,
      "content-type": "application/json",
    });
    if (connector.instance !== null) headers.set("fly-force-instance-id", connector.instance);
    // workerd rejects a fetch that is called as a method of another object.
    const send = this.#fetch;
    try {
      const response = await send(url, {
        method: request.method,
        headers,
        body,
        signal: AbortSignal.timeout(timeoutMs),
      });
      return toOutcome(responseSchema.parse(await response.json()));
    } catch (error) {
      logEvent("warn", "command_no_response", { command: command.type, ...describeError(error) });
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

function toOutcome(response: z.infer<typeof responseSchema>): Outcome {
  if ("type" in response) return { kind: "result", result: response };
  if (response.code === notOwnerCode) return { kind: "not_owner" };
  return { kind: "failure", ...response };
}
