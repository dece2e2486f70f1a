import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { type Answer, answerSchema, type Command } from "./command.ts";

const entry = fileURLToPath(new URL("main.ts", import.meta.url));

export interface Bare {
  /** One at a time. */
  ask(command: Command): Promise<Answer>;
  stop(): Promise<void>;
}

/** Bare Baileys in a process of its own, on this sandbox. */
export function startBare(sandboxUrl: string): Bare {
  const child = fork(entry, {
    env: {
      PATH: process.env["PATH"],
      SANDBOX_URL: sandboxUrl,
      SANDBOX_WS_URL: `${sandboxUrl.replace(/^http/, "ws")}/ws/chat`,
    },
  });
  const exited = once(child, "exit");
  return {
    async ask(command) {
      const answered = once(child, "message");
      child.send(command);
      const gone = exited.then(([code]) => {
        throw new Error(`Bare Baileys ended with ${code}`);
      });
      const [message] = await Promise.race([answered, gone]);
      return answerSchema.parse(message);
    },
    async stop() {
      child.disconnect();
      await exited;
    },
  };
}
