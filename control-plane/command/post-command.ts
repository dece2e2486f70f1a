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

/** A connector, as a session's row says where it is. */
export interface Connector {
  url: string;
  /** The Fly machine, where there is one. */
  instance: string | null;
}

export type Outcome =
  | { kind: "result"; result: CommandResult }
  | { kind: "refused"; code: string; detail: string }
  /** Another connector has the session, or none: nothing was done. */
  | { kind: "not_owner" }
  /** No answer that can be understood: whether it was done is not known. */
  | { kind: "lost" };

const answerSchema = z.union([commandResultSchema, commandFailureSchema]);

/** Sends commands to connectors, signed with the control plane's private key. */
export class CommandPoster {
  readonly #privateKey: string;
  readonly #fetch: typeof fetch;
  #imported: Awaited<ReturnType<typeof importPKCS8>> | undefined;

  /** @param privateKey PKCS8 DER in base64, as in COMMAND_PRIVATE_KEY */
  constructor(privateKey: string, outgoing: typeof fetch) {
    this.#privateKey = privateKey;
    this.#fetch = outgoing;
  }

  async post(connector: Connector, command: Command, timeoutMs: number): Promise<Outcome> {
    const url = new URL(`${connector.url.replace(/\/$/, "")}/commands`);
    const body = JSON.stringify(command);
    const request = { method: "POST", path: url.pathname, body };
    const token = await signCommandToken(await this.#key(), request);
    const headers = new Headers({
      authorization: `Bearer ${token}`,
      "content-type": "application/json",
    });
    if (connector.instance !== null) headers.set("fly-force-instance-id", connector.instance);
    // Called without `this`: workerd refuses its fetch as a method of another object.
    const send = this.#fetch;
    try {
      const response = await send(url, {
        method: request.method,
        headers,
        body,
        signal: AbortSignal.timeout(timeoutMs),
      });
      return outcomeOf(answerSchema.parse(await response.json()));
    } catch (error) {
      logEvent("warn", "command_lost", { command: command.type, ...describeError(error) });
      return { kind: "lost" };
    }
  }

  async #key() {
    this.#imported ??= await importPKCS8(
      `-----BEGIN PRIVATE KEY-----\n${this.#privateKey}\n-----END PRIVATE KEY-----`,
      "EdDSA",
    );
    return this.#imported;
  }
}

function outcomeOf(answer: z.infer<typeof answerSchema>): Outcome {
  if ("type" in answer) return { kind: "result", result: answer };
  if (answer.code === notOwnerCode) return { kind: "not_owner" };
  return { kind: "refused", ...answer };
}
