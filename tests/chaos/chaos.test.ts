import { afterAll, beforeAll, expect, test } from "vitest";
import { tryOut } from "./trial.ts";
import { createWorld, type World } from "./world.ts";

// CHAOS_SEED and CHAOS_SECONDS make another storm, or a longer one.
const seed = Number(process.env["CHAOS_SEED"] ?? 7);
const seconds = Number(process.env["CHAOS_SECONDS"] ?? 20);
const settleMs = 120_000;

let world: World;
beforeAll(async () => {
  world = await createWorld({ seed, tenants: 2, sessionsPerTenant: 2, contacts: 3 });
}, 60_000);
afterAll(() => world.stop(), 60_000);

test(
  "whatever breaks, nothing is lost, doubled or misreported",
  async () => {
    const { happened, wrong, sends, said } = await tryOut(world, {
      storm: {
        durationMs: seconds * 1000,
        gapMs: { least: 200, most: 1500 },
        first: [
          "connector held still",
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
    expect({ happened, wrong }).toEqual({ happened, wrong: [] });
    expect(Math.min(sends, said)).toBeGreaterThan(10);
  },
  seconds * 1000 + settleMs + 60_000,
);
