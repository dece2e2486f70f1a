import { setTimeout as sleep } from "node:timers/promises";
import { watchHonesty } from "./honesty.ts";
import { judgeLogs } from "./logs.ts";
import { storm, type StormOptions } from "./storm.ts";
import { startTraffic } from "./traffic.ts";
import { judge } from "./verdict.ts";
import type { World } from "./world.ts";

export interface Trial {
  happened: string[];
  wrong: string[];
  sends: number;
  said: number;
}

/** Longer than one attempt to deliver a webhook takes. */
const attemptMs = 14_000;

/** One storm over one world with traffic all the time, and what is wrong once it has settled. */
export async function tryOut(
  world: World,
  options: { storm: StormOptions; trafficPauseMs: number; settleMs: number },
): Promise<Trial> {
  const traffic = startTraffic(world, options.trafficPauseMs);
  const honesty = watchHonesty(world);
  const happened = await storm(world, options.storm);
  await traffic.stop();
  const wrong = await settled(world, () => judge(world, traffic), options.settleMs);
  await honesty.stop();
  return {
    happened,
    wrong: [...wrong, ...honesty.lies, ...(await judgeLogs(world))],
    sends: traffic.asked.length,
    said: traffic.said.length,
  };
}

/** Asks until nothing is wrong, for so long at most; gives what still is. */
async function settled(
  world: World,
  ask: () => Promise<string[]>,
  withinMs: number,
): Promise<string[]> {
  const deadline = Date.now() + withinMs;
  let hurryAt = Date.now() + attemptMs;
  for (;;) {
    const wrong = await ask();
    if (wrong.length === 0 || Date.now() > deadline) return wrong;
    if (Date.now() > hurryAt) {
      await hurryDeliveries(world);
      hurryAt += attemptMs;
    }
    await sleep(1000);
  }
}

/** Retries of webhooks wait for seconds and minutes: here they are due at once. */
async function hurryDeliveries({ pool }: World): Promise<void> {
  await pool.query(
    `update webhook_deliveries set next_attempt_at = now()
       where status = 'pending' and next_attempt_at > now() + interval '15 s'`,
  );
}
