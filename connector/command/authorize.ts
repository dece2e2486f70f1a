import type { KeyObject } from "node:crypto";
import type { Context } from "hono";
import { verifyCommandToken } from "../../shared/command-token.ts";
import type { Log } from "../log/log.ts";

/** Whether a request carries a token of the control plane for this very path and body. */
export async function isAllowed(
  c: Context,
  bound: { path: string; body: string },
  { publicKey, log }: { publicKey: KeyObject; log: Log },
): Promise<boolean> {
  const token = /^Bearer (\S+)$/i.exec(c.req.header("authorization") ?? "")?.[1];
  if (token === undefined) return false;
  try {
    await verifyCommandToken(publicKey, token, { method: c.req.method, ...bound });
    return true;
  } catch (error) {
    log.warn({ event: "command_refused", err: error }, "a command token was refused");
    return false;
  }
}
