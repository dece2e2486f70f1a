import { setTimeout as sleep } from "node:timers/promises";
import { watchReportedHealth } from "./reported-health.ts";
import { checkLogs } from "./check-logs.ts";
import { injectFaults, type FaultOptions } from "./inject-faults.ts";
import { startTraffic } from "./traffic.ts";
import { checkPromises } from "./check-promises.ts";
import type { Environment } from "./environment.ts";

export interface Trial {
  injected: string[];
  violations: string[];
  sends: number;
  phoneMessages: number;
}

/** Longer than one webhook attempt. */
const attemptMs = 14_000;

/** Injects faults under traffic, then reports every broken promise once things have settled. */
export async function runTrial(
  environment: Environment,
  options: { faults: FaultOptions; trafficPauseMs: number; settleMs: number },
): Promise<Trial> {
  const traffic = startTraffic(environment, options.trafficPauseMs);
  const reportedHealth = watchReportedHealth(environment);
  const injected = await injectFaults(environment, options.faults);
  await traffic.stop();
  const violations = await waitUntilKept(
    environment,
    () => checkPromises(environment, traffic),
    options.settleMs,
  );
  await reportedHealth.stop();
  return {
    injected,
    violations: [...violations, ...reportedHealth.falseReports, ...(await checkLogs(environment))],
    sends: traffic.sendRequests.length,
    phoneMessages: traffic.phoneMessages.length,
  };
}

/** Checks until no promise is broken or the time is up; returns the violations that remain. */
async function waitUntilKept(
  environment: Environment,
  check: () => Promise<string[]>,
  timeoutMs: number,
): Promise<string[]> {
  const deadline = Date.now() + timeoutMs;
  let retriesDueAt = Date.now() + attemptMs;
  for (;;) {
    const violations = await check();
    if (violations.length === 0 || Date.now() > deadline) return violations;
    if (Date.now() > retriesDueAt) {
      await makeRetriesDue(environment);
      retriesDueAt += attemptMs;
    }
    await sleep(1000);
  }
}

/** Webhook retries wait for up to five minutes; here they become due at once. */
async function makeRetriesDue({ pool }: Environment): Promise<void> {
  await pool.query(
    `update webhook_deliveries set next_attempt_at = now()
       where status = 'pending' and next_attempt_at > now() + interval '15 s'`,
  );
}
