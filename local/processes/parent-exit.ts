const pollIntervalMs = 500;

/**
 * Resolves when npm, which started this process, is gone. SIGKILL ends npm alone: it cannot pass
 * that signal on.
 */
export function parentExit(env: Record<string, string | undefined>): Promise<void> {
  return new Promise((resolve) => {
    if (env["npm_lifecycle_event"] !== "start") return;
    const parent = process.ppid;
    const poll = setInterval(() => {
      if (process.ppid === parent) return;
      clearInterval(poll);
      resolve();
    }, pollIntervalMs);
    poll.unref();
  });
}
