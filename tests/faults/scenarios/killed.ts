import { setTimeout as sleep } from "node:timers/promises";
import { kill, ownerOf, untilReleased } from "../owner.ts";
import type { Scenario } from "../scenario.ts";

/** Longer than a connector's lease of 15 s. */
const beyondLeaseMs = 18_000;

/** A connector with many sessions dies: the seconds until all of them work again. */
export function killedWith(sessions: number): Scenario {
  return {
    name: `connector of ${sessions} sessions killed`,
    environment: {
      sessions: [Math.ceil(sessions / 2), Math.floor(sessions / 2)],
      connectors: 1,
    },
    traffic: { pauseMs: sessions * 100, queue: false },
    recoverWithinSeconds: 10,
    async fault({ environment }) {
      const [connector] = environment.stack.processes.connectors;
      return connector && kill(connector);
    },
  };
}

/** A connector with many sessions stops, as at a deployment, and is started again at once. */
export function stoppedWith(sessions: number): Scenario {
  return {
    ...killedWith(sessions),
    name: `connector of ${sessions} sessions stopped by SIGTERM`,
    environment: {
      sessions: [Math.ceil(sessions / 2), Math.floor(sessions / 2)],
      connectors: 2,
    },
    recoverWithinSeconds: 2,
    noneRefused: true,
    async fault({ environment }) {
      const [member] = environment.members;
      if (member === undefined) throw new Error("No session");
      const { process, connectorId } = await ownerOf(environment, member);
      const stoppedAt = Date.now();
      const restarted = process.restart("stop");
      await untilReleased(environment, connectorId);
      restarted.catch(() => undefined); // the supervisor starts it again until it runs
      return stoppedAt;
    },
  };
}

/** The machine of a connector is gone without a trace: nobody closes its connections. */
export const machineVanishes: Scenario = {
  name: "connector's machine vanishes",
  recoverWithinSeconds: 20,
  async fault({ environment }) {
    const [member] = environment.members;
    if (member === undefined) throw new Error("No session");
    const { name, process } = await ownerOf(environment, member);
    const paths = ["postgres", "supabase", "sandbox"].flatMap((to) =>
      environment.paths.between(name, to),
    );
    for (const path of paths) path.freeze();
    return kill(process);
  },
};

/** A connector is paused for longer than its lease and wakes up with another owner at work. */
export const twoOwners: Scenario = {
  name: "two owners: connector paused beyond its lease",
  recoverWithinSeconds: 10,
  async fault({ environment }) {
    const [member] = environment.members;
    if (member === undefined) throw new Error("No session");
    const { process } = await ownerOf(environment, member);
    process.pause();
    await sleep(beyondLeaseMs);
    process.resume();
  },
};
