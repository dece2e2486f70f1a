import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { z } from "zod";

/** A process of the bench itself that is sent commands. */
export interface BenchChild<Command, Result> {
  pid: number;
  sendCommand(command: Command): Promise<Result>;
  stop(): Promise<void>;
}

/** Numbers the commands, so that several can be under way. */
const requestSchema = z.object({ id: z.number(), command: z.unknown() });
const responseSchema = z.object({ id: z.number(), result: z.unknown() });

export function forkChild<Command, Result>(input: {
  entry: URL;
  env?: Record<string, string>;
  result: z.ZodType<Result>;
}): BenchChild<Command, Result> {
  const entry = fileURLToPath(input.entry);
  const child = fork(entry, { env: { PATH: process.env["PATH"], ...input.env } });
  const pending = new Map<number, PromiseWithResolvers<Result>>();
  let lastId = 0;
  child.on("message", (message) => {
    const { id, result } = responseSchema.parse(message);
    pending.get(id)?.resolve(input.result.parse(result));
    pending.delete(id);
  });
  child.on("exit", (code) => {
    for (const { reject } of pending.values()) reject(new Error(`${entry} exited with ${code}`));
  });
  const exited = once(child, "exit");
  return {
    pid: child.pid ?? 0,
    sendCommand(command) {
      const id = ++lastId;
      const response = Promise.withResolvers<Result>();
      pending.set(id, response);
      child.send({ id, command });
      return response.promise;
    },
    async stop() {
      if (child.connected) child.disconnect();
      await exited;
    },
  };
}

/** Runs in the child: answers each command with the result of `run`, and exits with the parent. */
export function serveCommands<Command>(
  schema: z.ZodType<Command>,
  run: (command: Command) => Promise<unknown>,
): void {
  process.on("disconnect", () => process.exit(0));
  process.on("message", (message) => {
    const { id, command } = requestSchema.parse(message);
    run(schema.parse(command)).then(
      (result) => process.send?.({ id, result }),
      (error: unknown) => {
        process.stderr.write(`${String(error)}\n`);
        process.exit(1);
      },
    );
  });
}
