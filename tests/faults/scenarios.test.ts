import { expect, test } from "vitest";
import { runScenario } from "./run-scenario.ts";
import { allScenarios } from "./scenarios/all.ts";

/** The quickest of the table that decide much; `npm run test:faults` runs all. */
const names = [
  "connector killed after the intent",
  "SIGTERM hand-over under sends",
  "log-out in mid-send, another phone pairs",
];
const timeoutMs = 180_000;

const scenarios = allScenarios({ sessions: 20 }).filter(({ name }) => names.includes(name));

test.each(scenarios)(
  "$name",
  async (scenario) => {
    const { violations, messages } = await runScenario(scenario, { seed: 7 });
    expect(violations).toEqual([]);
    expect(Math.min(messages.out, messages.in)).toBeGreaterThan(10);
  },
  timeoutMs,
);
