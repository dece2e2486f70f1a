import { afterAll, beforeAll, expect, test } from "vitest";
import { runTrial } from "./run-trial.ts";
import { createEnvironment, type Environment } from "./environment.ts";

// FAULTS_SEED and FAULTS_SECONDS choose another sequence of faults, or a longer one.
const seed = Number(process.env["FAULTS_SEED"] ?? 7);
const seconds = Number(process.env["FAULTS_SECONDS"] ?? 20);
const settleMs = 120_000;

let environment: Environment;
beforeAll(async () => {
  environment = await createEnvironment({ seed, tenants: 2, sessionsPerTenant: 2, contacts: 3 });
}, 60_000);
afterAll(() => environment.stop(), 60_000);

test(
  "whatever breaks, nothing is lost, doubled or misreported",
  async () => {
    const { injected, violations, sends, phoneMessages } = await runTrial(environment, {
      faults: {
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
      },
      trafficPauseMs: 400,
      settleMs,
    });
    expect({ injected, violations }).toEqual({ injected, violations: [] });
    expect(Math.min(sends, phoneMessages)).toBeGreaterThan(10);
  },
  seconds * 1000 + settleMs + 60_000,
);
