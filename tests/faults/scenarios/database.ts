import { setTimeout as sleep } from "node:timers/promises";
import type { TcpProxy } from "../../support/tcp-proxy.ts";
import { ownerOf } from "../owner.ts";
import type { Scenario } from "../scenario.ts";

/** Longer than a connector's lease of 15 s. */
const beyondLeaseMs = 18_000;
const shortMs = 6000;

/** PostgreSQL fails for every component at once, and for one connector alone. */
export const databaseFails: Scenario[] = [
  failing("database refuses", shortMs, (path) => path.refuse()),
  failing("database hangs", beyondLeaseMs, (path) => path.hang()),
  failing("database slow by 500 ms", shortMs, (path) => path.slow(500)),
  failing("database cut half-open", shortMs, (path) => path.cutHalfOpen()),
  {
    // It must give up its sockets before the other connector opens its own.
    name: "database hangs for one connector",
    async fault({ environment }) {
      const [member] = environment.members;
      if (member === undefined) throw new Error("No session");
      const { name } = await ownerOf(environment, member);
      const paths = environment.paths.between(name, "postgres");
      for (const path of paths) path.hang();
      await sleep(beyondLeaseMs);
      for (const path of paths) path.pass();
    },
  },
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
