import { ownerOf, untilReleased } from "../owner.ts";
import type { Scenario } from "../scenario.ts";

/** SIGTERM to a connector with sends under way, as at every deployment. */
export const handOver: Scenario = {
  name: "SIGTERM hand-over under sends",
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
