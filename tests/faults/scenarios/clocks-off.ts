import { fileURLToPath } from "node:url";
import type { Scenario } from "../scenario.ts";

const shiftClock = fileURLToPath(new URL("../shift-clock.ts", import.meta.url));
/** Within what a command's token tolerates. */
const offMs: Record<string, number> = { "connector-1": -12_000, "connector-2": 12_000 };

/** The clocks of the connectors are apart, and sessions move between them. */
export const clocksOff: Scenario = {
  name: "connectors' clocks 12 s slow and fast",
  environment: {
    configure: (component, env) => {
      const shiftMs = offMs[component];
      if (shiftMs === undefined) return Promise.resolve(env);
      return Promise.resolve({
        ...env,
        NODE_OPTIONS: `--import ${shiftClock}`,
        CLOCK_SHIFT_MS: String(shiftMs),
      });
    },
  },
  async fault({ environment }) {
    for (const connector of environment.stack.processes.connectors) await connector.restart("stop");
  },
};
