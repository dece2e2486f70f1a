import { cp } from "node:fs/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createEnvironment, defaultEnvironment, type Environment } from "./environment.ts";
import { injectFaults } from "./inject-faults.ts";
import { checkLogs } from "./judge/logs.ts";
import { watchReportedHealth } from "./judge/reported-health.ts";
import { waitUntilKept } from "./run-scenario.ts";
import { defaultTraffic, startTraffic } from "./traffic/traffic.ts";

// FAULTS_SEED and FAULTS_SECONDS choose another sequence of faults, or a longer one; FAULTS_LOGS is
// where the logs are kept.
const seed = Number(process.env["FAULTS_SEED"] ?? 7);
const seconds = Number(process.env["FAULTS_SECONDS"] ?? 20);
const logs = process.env["FAULTS_LOGS"];
const settleMs = 120_000;

let environment: Environment;
beforeAll(async () => {
  environment = await createEnvironment({
    ...defaultEnvironment,
    seed,
    receivers: { kind: "flaky" },
  });
}, 60_000);
afterAll(async () => {
  if (logs !== undefined) await cp(environment.logDir, logs, { recursive: true });
  await environment.stop();
}, 60_000);

test(
  "whatever breaks, nothing is lost, doubled or misreported",
  async () => {
    const traffic = startTraffic(environment, defaultTraffic);
    const reportedHealth = watchReportedHealth(environment);
    const injected = await injectFaults(environment, {
      durationMs: seconds * 1000,
      gapMs: { least: 200, most: 1500 },
      first: [
        "connector paused",
        "database connections cut",
        "supabase killed",
        "network killed",
        "sockets dropped",
        "control plane killed",
        "connector killed",
        "connector stopped",
      ],
    });
    await traffic.stop();
    const kept = await waitUntilKept(environment, traffic);
    await reportedHealth.stop();
    const violations = [...kept, ...reportedHealth.falseReports, ...(await checkLogs(environment))];
    expect({ injected, violations }).toEqual({ injected, violations: [] });
    expect(Math.min(traffic.sendRequests.length, traffic.phoneMessages.length)).toBeGreaterThan(10);
  },
  seconds * 1000 + settleMs + 60_000,
);
