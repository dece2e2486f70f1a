import { setTimeout as sleep } from "node:timers/promises";
import { call } from "../support/api.ts";
import type { Environment } from "./environment.ts";

/** Longer than the lease of a connector. */
const pauseMs = { least: 16_000, most: 20_000 };

const kinds = [
  "connector killed",
  "connector stopped",
  "connector paused",
  "supabase killed",
  "database connections cut",
  "sockets dropped",
  "sockets of one dropped",
  "network killed",
  "network stopped",
  "control plane killed",
] as const;
export type FaultKind = (typeof kinds)[number];

export interface FaultOptions {
  durationMs: number;
  /** Between the end of one fault and the next. */
  gapMs: { least: number; most: number };
  /** These first, in this order; then random ones. */
  first?: FaultKind[];
}

/** Injects one fault after the other for a while; a connector may stay paused meanwhile. */
export async function injectFaults(
  environment: Environment,
  options: FaultOptions,
): Promise<string[]> {
  const { random } = environment;
  const faults: string[] = [];
  const first = [...(options.first ?? [])];
  const held: { index: number; over: Promise<void> }[] = [];
  const endsAt = Date.now() + options.durationMs;
  const startedAt = Date.now();

  while (Date.now() < endsAt || first.length > 0) {
    const kind = first.shift() ?? random.pick(kinds);
    const index = random.pick([0, 1]);
    // While one connector is paused, the other is left alone.
    if (held.some((one) => one.index === index)) continue;
    faults.push(`${((Date.now() - startedAt) / 1000).toFixed(1)} s ${kind} ${index}`);
    if (kind === "connector paused") {
      if (held.length > 0) continue;
      const one = { index, over: pauseConnector(environment, index) };
      held.push(one);
      void one.over.then(() => held.splice(held.indexOf(one), 1));
    } else {
      await injectFault(environment, kind, index);
    }
    await sleep(random.between(options.gapMs.least, options.gapMs.most));
  }
  await Promise.all(held.map((one) => one.over));
  return faults;
}

async function pauseConnector({ stack, random }: Environment, index: number): Promise<void> {
  const connector = stack.processes.connectors[index];
  connector?.pause();
  await sleep(random.between(pauseMs.least, pauseMs.most));
  connector?.resume();
}

async function injectFault(
  environment: Environment,
  kind: Exclude<FaultKind, "connector paused">,
  index: number,
): Promise<void> {
  const { processes, addresses } = environment.stack;
  switch (kind) {
    case "connector killed":
      return processes.connectors[index]?.restart("kill");
    case "connector stopped":
      return processes.connectors[index]?.restart("stop");
    case "supabase killed":
      return processes.supabase?.restart("kill");
    case "database connections cut":
      await environment.pool
        .query(
          `select pg_terminate_backend(pid) from pg_stat_activity
             where pid <> pg_backend_pid() and backend_type in ('client backend', 'walsender')`,
        )
        .catch(() => undefined); // It may cut the pool's own connection.
      return;
    case "sockets dropped":
      await call("POST", `${addresses.sandboxUrl}/faults`, { body: { kind: "drop-sockets" } });
      return;
    case "sockets of one dropped": {
      const { owner } = environment.random.pick(environment.members);
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
