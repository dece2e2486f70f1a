import type { Scenario } from "../scenario.ts";
import { clocksOff } from "./clocks-off.ts";
import { componentsFail } from "./components.ts";
import { databaseFails } from "./database.ts";
import { handOver } from "./hand-over.ts";
import { killedWith, machineVanishes, twoOwners } from "./killed.ts";
import { killedInSend } from "./killed-in-send.ts";
import { loggedOut } from "./logged-out.ts";
import { noisyTenant } from "./noisy-tenant.ts";
import { receiversFail } from "./receivers.ts";
import { writingPhone } from "./writing-phone.ts";

/** Every scenario, in the order of the table. `sessions` is the size of the large connector. */
export function allScenarios({ sessions }: { sessions: number }): Scenario[] {
  return [
    ...killedInSend,
    killedWith(sessions),
    machineVanishes,
    twoOwners,
    handOver,
    loggedOut,
    writingPhone,
    ...databaseFails,
    ...componentsFail,
    ...receiversFail,
    noisyTenant,
    clocksOff,
  ];
}
