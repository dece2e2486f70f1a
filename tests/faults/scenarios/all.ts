import type { Scenario } from "../scenario.ts";
import { databaseFails } from "./database.ts";
import { handOver } from "./hand-over.ts";
import { killedInSend } from "./killed-in-send.ts";
import { loggedOut } from "./logged-out.ts";
import { writingPhone } from "./writing-phone.ts";

/** Every scenario, in the order of the table. */
export function allScenarios(): Scenario[] {
  return [...killedInSend, loggedOut, writingPhone, ...databaseFails, handOver];
}
