import type { KeyObject } from "node:crypto";
import type { Context } from "hono";
import {
  type CommandToken,
  rememberTokensMs,
  verifyCommandToken,
} from "../../shared/command-token.ts";
import type { Log } from "../log/log.ts";
import { UsedTokens } from "./used-tokens.ts";

/** The valid token of a request, which is used up by this; undefined when there is none. */
export type Authorize = (c: Context, path: string) => Promise<CommandToken | undefined>;

/**
 * Checks command tokens by the headers of a request alone, so that nobody without a token can make a
 * connector read a body.
 */
export function createAuthorize({ publicKey, log }: { publicKey: KeyObject; log: Log }): Authorize {
  const used = new UsedTokens(rememberTokensMs);
  return async (c, path) => {
    const token = /^Bearer (\S+)$/i.exec(c.req.header("authorization") ?? "")?.[1];
    if (token === undefined) return undefined;
    try {
      const verified = await verifyCommandToken(publicKey, token, { method: c.req.method, path });
      if (used.add(verified.id)) return verified;
      log.warn({ event: "command_refused", reason: "used" }, "a command token was used twice");
    } catch (error) {
      log.warn({ event: "command_refused", err: error }, "a command token was refused");
    }
    return undefined;
  };
}
