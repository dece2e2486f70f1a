import pino, { type Logger } from "pino";

export type Log = Logger;

const levels = ["fatal", "error", "warn", "info", "debug", "trace", "silent"] as const;
export const logLevels = levels;
export type LogLevel = (typeof levels)[number];

/** JSON lines on stderr. Fields with secrets or message content are redacted. */
export function createLog(level: LogLevel): Log {
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: {
        paths: ["text", "content", "qr", "authorization", "creds", "keys", "ciphertext"].flatMap(
          (name) => [name, `*.${name}`],
        ),
        censor: "[hidden]",
      },
    },
    pino.destination({ dest: 2, sync: false }),
  );
}
