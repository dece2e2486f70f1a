import { setTimeout as sleep } from "node:timers/promises";
import { call } from "../support/api.ts";
import type { World } from "./world.ts";

/** Longer than the lease of a connector. */
const heldMs = { least: 16_000, most: 20_000 };

const kinds = [
  "connector killed",
  "connector stopped",
  "connector held still",
  "supabase killed",
  "database connections cut",
  "sockets dropped",
  "sockets of one dropped",
  "network killed",
  "network stopped",
  "control plane killed",
] as const;
export type FaultKind = (typeof kinds)[number];

export interface StormOptions {
  durationMs: number;
  /** Between the end of one fault and the next. */
  gapMs: { least: number; most: number };
  /** These first, in this order; then whatever the seed says. */
  first?: FaultKind[];
}

/** Lets things go wrong for a while, one after the other; a held connector beside the rest. */
export async function storm(world: World, options: StormOptions): Promise<string[]> {
  const { random } = world;
  const happened: string[] = [];
  const first = [...(options.first ?? [])];
  const held: { index: number; over: Promise<void> }[] = [];
  const endsAt = Date.now() + options.durationMs;
  const startedAt = Date.now();

  while (Date.now() < endsAt || first.length > 0) {
    const kind = first.shift() ?? random.pick(kinds);
    const index = random.pick([0, 1]);
    // One of the two is left alone while the other is held.
    if (held.some((one) => one.index === index)) continue;
    happened.push(`${((Date.now() - startedAt) / 1000).toFixed(1)} s ${kind} ${index}`);
    if (kind === "connector held still") {
      if (held.length > 0) continue;
      const one = { index, over: holdConnector(world, index) };
      held.push(one);
      void one.over.then(() => held.splice(held.indexOf(one), 1));
    } else {
      await strike(world, kind, index);
    }
    await sleep(random.between(options.gapMs.least, options.gapMs.most));
  }
  await Promise.all(held.map((one) => one.over));
  return happened;
}

async function holdConnector({ stack, random }: World, index: number): Promise<void> {
  const connector = stack.processes.connectors[index];
  connector?.pause();
  await sleep(random.between(heldMs.least, heldMs.most));
  connector?.resume();
}

async function strike(
  world: World,
  kind: Exclude<FaultKind, "connector held still">,
  index: number,
): Promise<void> {
  const { processes, addresses } = world.stack;
  switch (kind) {
    case "connector killed":
      return processes.connectors[index]?.restart("kill");
    case "connector stopped":
      return processes.connectors[index]?.restart("stop");
    case "supabase killed":
      return processes.supabase?.restart("kill");
    case "database connections cut":
      await world.pool
        .query(
          `select pg_terminate_backend(pid) from pg_stat_activity
             where pid <> pg_backend_pid() and backend_type in ('client backend', 'walsender')`,
        )
        .catch(() => undefined); // The pool's own connection may be among them.
      return;
    case "sockets dropped":
      await call("POST", `${addresses.sandboxUrl}/faults`, { body: { kind: "drop-sockets" } });
      return;
    case "sockets of one dropped": {
      const { owner } = world.random.pick(world.members);
      await call("POST", `${addresses.sandboxUrl}/faults`, {
        body: { kind: "drop-sockets", phone: owner.number },
      });
      return;
    }
    case "network killed":
      return processes.sandbox?.restart("kill");
    case "network stopped":
      return processes.sandbox?.restart("stop");
    case "control plane killed":
      return processes.controlPlane.restart("kill");
  }
}
