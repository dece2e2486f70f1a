import { setTimeout as sleep } from "node:timers/promises";
import type { TcpProxy } from "../../support/tcp-proxy.ts";
import type { Scenario } from "../scenario.ts";

/** Longer than a connector's lease of 15 s. */
const beyondLeaseMs = 18_000;
const shortMs = 6000;

/** PostgreSQL fails for every component at once. */
export const databaseFails: Scenario[] = [
  failing("database refuses", shortMs, (path) => path.refuse()),
  failing("database hangs", beyondLeaseMs, (path) => path.hang()),
  failing("database slow by 500 ms", shortMs, (path) => path.slow(500)),
  failing("database cut half-open", shortMs, (path) => path.cutHalfOpen()),
];

function failing(name: string, durationMs: number, fail: (path: TcpProxy) => void): Scenario {
  return {
    name,
    async fault({ environment }) {
      const paths = environment.paths.to("postgres");
      for (const path of paths) fail(path);
      await sleep(durationMs);
      for (const path of paths) path.pass();
    },
  };
}
