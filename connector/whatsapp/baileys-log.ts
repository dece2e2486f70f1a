import type { SocketConfig } from "@whiskeysockets/baileys";
import { mask } from "../log/mask.ts";
import type { Log } from "../log/log.ts";

/**
 * Logs the warnings and errors of Baileys, reduced to the text and the error message: the objects
 * it logs hold stanzas, keys and whole phone numbers. Each goes one level lower, because Baileys
 * logs every closed stream as an error; the session logs the close itself. Lower levels are dropped.
 */
export function baileysLog(log: Log): SocketConfig["logger"] {
  const pass = (level: "debug" | "warn") => (subject: unknown, message?: string) => {
    const error = errorIn(subject);
    log[level](
      { event: "baileys", error: mask(error) },
      mask(message ?? (typeof subject === "string" ? subject : "baileys")),
    );
  };
  const logger: SocketConfig["logger"] = {
    level: "warn",
    child: () => logger,
    trace: () => undefined,
    debug: () => undefined,
    info: () => undefined,
    warn: pass("debug"),
    error: pass("warn"),
  };
  return logger;
}

function errorIn(subject: unknown): string | undefined {
  if (subject instanceof Error) return subject.message;
  if (typeof subject !== "object" || subject === null) return undefined;
  for (const name of ["err", "error", "ackErr", "e", "trace"]) {
    const value: unknown = Reflect.get(subject, name);
    if (value instanceof Error) return value.message;
    if (typeof value === "string") return value.split("\n", 1)[0];
  }
  return undefined;
}
