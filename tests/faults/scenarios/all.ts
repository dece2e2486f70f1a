import type { Scenario } from "../scenario.ts";
import { clocksOff } from "./clocks-off.ts";
import { componentsFail } from "./components.ts";
import { joins } from "./connector-joins.ts";
import { databaseFails } from "./database.ts";
import { handOver } from "./hand-over.ts";
import { killedWith, machineVanishes, stoppedWith, twoOwners } from "./killed.ts";
import { killedInSend } from "./killed-in-send.ts";
import { linking } from "./linking.ts";
import { loggedOut } from "./logged-out.ts";
import { noisyTenant } from "./noisy-tenant.ts";
import { receiversFail } from "./receivers.ts";
import { writingPhone } from "./writing-phone.ts";

/** Every scenario, in the order of the table. `sessions` is the size of the large ones. */
export function allScenarios({ sessions }: { sessions: number }): Scenario[] {
  return [
    ...killedInSend,
    killedWith(sessions),
    stoppedWith(sessions),
    machineVanishes,
    twoOwners,
    handOver,
    joins(2),
    joins(3),
    linking(sessions),
    loggedOut,
    writingPhone,
    ...databaseFails,
    ...componentsFail,
    ...receiversFail,
    noisyTenant,
    clocksOff,
  ];
}
