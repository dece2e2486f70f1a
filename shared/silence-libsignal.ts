const methods = ["debug", "error", "info", "log", "warn"] as const;
const silenced = Symbol.for("whatsapp.silencedLibsignal");

/**
 * Discards what libsignal prints on the console: whole sessions, private keys included. The caller
 * is recognized by the stack, so a new wording in libsignal changes nothing, and all other output
 * passes. Call it before the first Signal session is used; further calls have no effect.
 */
export function silenceLibsignal(target: Console = console): void {
  if (silenced in target) return;
  Object.defineProperty(target, silenced, { value: true });
  for (const method of methods) {
    const print = target[method].bind(target);
    target[method] = (...values: unknown[]) => {
      if (!calledByLibsignal()) print(...values);
    };
  }
}

function calledByLibsignal(): boolean {
  return /[\\/]libsignal[\\/]/.test(new Error().stack ?? "");
}
