import { z } from "zod";
import { silenceLibsignal } from "../../shared/silence-libsignal.ts";
import { addPhone } from "../../tests/support/phone.ts";
import { runLoad } from "../support/load.ts";
import { ownUsage } from "../support/usage.ts";
import { type Answer, type Command, commandSchema } from "./command.ts";
import { BareSession } from "./session.ts";

/** Entry of the process that holds bare Baileys. */
const { SANDBOX_URL, SANDBOX_WS_URL } = z
  .object({ SANDBOX_URL: z.url(), SANDBOX_WS_URL: z.url() })
  .parse(process.env);
const sessions: BareSession[] = [];

silenceLibsignal();
process.on("disconnect", () => process.exit(0));
process.on("message", (message) => {
  run(commandSchema.parse(message)).then(
    (load) => process.send?.({ ...load, usage: ownUsage() } satisfies Answer),
    (error: unknown) => {
      process.stderr.write(`${String(error)}\n`);
      process.exit(1);
    },
  );
});

async function run(command: Command): Promise<Omit<Answer, "usage">> {
  switch (command.type) {
    case "pair":
      return pair(command);
    case "send":
      return send(command);
    case "usage":
      break;
  }
  return { latencies: [], seconds: 0 };
}

async function pair({ count, batch }: Command & { type: "pair" }): Promise<Omit<Answer, "usage">> {
  const latencies: number[] = [];
  const { seconds } = await runLoad({
    total: count,
    concurrency: batch,
    one: async () => {
      const session = new BareSession(SANDBOX_WS_URL);
      const phone = await addPhone(SANDBOX_URL, "Bare");
      const qr = await session.qr.promise;
      const scannedAt = performance.now();
      await phone.post("/scan", { qr });
      latencies.push((await session.open.promise) - scannedAt);
      sessions.push(session);
    },
  });
  return { latencies, seconds };
}

async function send(command: Command & { type: "send" }): Promise<Omit<Answer, "usage">> {
  const chosen = sessions.slice(0, command.sessions);
  const load = await runLoad({
    ...command,
    one: (index) => {
      const session = chosen[index % chosen.length];
      const to = command.to[Math.floor(index / chosen.length) % command.to.length];
      if (session === undefined || to === undefined) throw new Error("Pair first");
      return session.send(to, `message ${index}`);
    },
  });
  await Promise.all(chosen.map((session) => session.delivered()));
  return load;
}
