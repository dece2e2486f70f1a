const methods = ["debug", "error", "info", "log", "warn"] as const;
const silenced = Symbol.for("whatsapp.silencedLibsignal");

/**
 * libsignal prints whole sessions, private keys included, on the console. What it prints is
 * dropped, recognized by who calls, whatever the words; everybody else's output passes.
 */
export function silenceLibsignal(target: Console = console): void {
  if (silenced in target) return;
  Object.defineProperty(target, silenced, { value: true });
  for (const method of methods) {
    const print = target[method].bind(target);
    target[method] = (...line: unknown[]) => {
      if (!calledByLibsignal()) print(...line);
    };
  }
}

function calledByLibsignal(): boolean {
  return /[\\/]libsignal[\\/]/.test(new Error().stack ?? "");
}
