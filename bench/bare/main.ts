import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { silenceLibsignal } from "../../shared/silence-libsignal.ts";
import { addPhone } from "../../tests/support/phone.ts";
import { serveCommands } from "../support/fork-child.ts";
import { runLoad } from "../support/load.ts";
import { type Command, commandSchema, type Result } from "./command.ts";
import { BareSession } from "./session.ts";

/** Entry of the process that runs bare Baileys. */
const pollMs = 5;
const receiveTimeoutMs = 60_000;

const env = z.object({ SANDBOX_URL: z.url(), NETWORK_URL: z.url() }).parse(process.env);
const sessions: BareSession[] = [];
/** When each text was received first. */
const received = new Map<string, number>();

silenceLibsignal();
serveCommands(commandSchema, async (command): Promise<Result> => ({
  latencies: [],
  seconds: 0,
  numbers: [],
  arrivals: [],
  ...(await run(command)),
}));

function run(command: Command): Promise<Partial<Result>> {
  switch (command.type) {
    case "pair":
      return pair(command);
    case "send":
      return send(command);
    case "receive":
      break;
  }
  return receive(command);
}

async function pair({ count, batch }: Command & { type: "pair" }): Promise<Partial<Result>> {
  const latencies: number[] = [];
  const numbers: string[] = [];
  const { seconds } = await runLoad({
    total: count,
    concurrency: batch,
    one: async () => {
      const session = new BareSession(env.NETWORK_URL, (text) => {
        if (!received.has(text)) received.set(text, performance.timeOrigin + performance.now());
      });
      const phone = await addPhone(env.SANDBOX_URL, "Bare");
      const qr = await session.qr.promise;
      const scannedAt = performance.now();
      await phone.post("/scan", { qr });
      latencies.push((await session.open.promise) - scannedAt);
      sessions.push(session);
      numbers.push(phone.number);
    },
  });
  return { latencies, numbers, seconds };
}

async function send(command: Command & { type: "send" }): Promise<Partial<Result>> {
  const chosen = sessions.slice(0, command.sessions);
  const load = await runLoad({
    ...command,
    one: (index) => {
      const session = chosen[index % chosen.length];
      const to = command.to[Math.floor(index / chosen.length) % command.to.length];
      if (session === undefined || to === undefined) {
        throw new Error("There is no session or no recipient. Send the command `pair` first.");
      }
      return session.send(to, `message ${index}`);
    },
  });
  await Promise.all(chosen.map((session) => session.delivered()));
  return load;
}

async function receive({ prefix, count }: Command & { type: "receive" }): Promise<Partial<Result>> {
  const deadline = performance.now() + receiveTimeoutMs;
  for (;;) {
    const arrivals = [...received].filter(([text]) => text.startsWith(prefix));
    if (arrivals.length >= count) return { arrivals };
    if (performance.now() > deadline) {
      throw new Error(`Bare Baileys received ${arrivals.length} of ${count} messages`);
    }
    await sleep(pollMs);
  }
}
