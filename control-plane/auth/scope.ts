import type { Scope } from "../../shared/scope.ts";

/**
 * The scope that a request needs. Reading needs `read`, sending and the queue `send`, everything
 * else `manage`. A route that is added needs `manage` unless it reads, or is named here.
 */
export function scopeOf({ method, path }: { method: string; path: string }): Scope {
  const reads = method === "GET" || method === "HEAD";
  const [, root = "", second = "", action = ""] = path.split("/");
  if (root === "session") return sessionScope(action, reads);
  if (root === "tenant" && managed.has(second)) return "manage";
  // What a frontend may read with the token.
  if (root === "tenant" && second === "realtime-token") return "read";
  return reads ? "read" : "manage";
}

/** Keys and endpoints tell where secrets are and who receives the tenant's messages. */
const managed = new Set(["keys", "webhooks"]);

function sessionScope(action: string, reads: boolean): Scope {
  // Whoever sees the QR code can link a phone.
  if (action === "qr") return "manage";
  if (reads) return "read";
  const sends = action.startsWith("send") || action === "messages" || action === "queue";
  return sends ? "send" : "manage";
}
