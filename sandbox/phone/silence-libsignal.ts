/** libsignal prints whole sessions, private keys included, by these lines of its source. */
const noisy = [
  "Closing session",
  "Opening session",
  "Removing old closed session",
  "Migrating session",
  "Session already",
  "Session error",
  "Closing open session",
  "Closing stale open session",
  "Failed to decrypt message with any known session",
  "Decrypted message with closed session",
  "V1 session storage migration error",
  "Unhandled bucket type",
];

const silenced = Symbol.for("sandbox.libsignal-silenced");

/** Keeps libsignal's console output out of logs. Everything else that is printed stays. */
export function silenceLibsignal(): void {
  if (Reflect.get(console, silenced)) return;
  Reflect.set(console, silenced, true);
  for (const method of ["info", "warn", "error"] as const) {
    // Kept before it is replaced: calling it through `console` would recurse.
    const original = console[method].bind(console);
    console[method] = (...values: unknown[]) => {
      const [first] = values;
      if (typeof first === "string" && noisy.some((start) => first.startsWith(start))) return;
      original(...values);
    };
  }
}
