import { ownerOf } from "../owner.ts";
import type { Scenario } from "../scenario.ts";

/** SIGTERM to a connector with sends under way, as at every deployment. */
export const handOver: Scenario = {
  name: "SIGTERM hand-over under sends",
  recoverWithinSeconds: 2,
  noneRefused: true,
  async fault({ environment }) {
    const [member] = environment.members;
    if (member === undefined) throw new Error("No session");
    const { process } = await ownerOf(environment, member);
    await process.restart("stop");
  },
};
