import { createRoute, z } from "@hono/zod-openapi";
import { unwrap } from "../database/unwrap.ts";
import type { DatabaseClient } from "../database/connect.ts";
import type { Hubs } from "../event/hubs.ts";
import type { App } from "../http/app-env.ts";
import { describeError, logEvent } from "../http/log.ts";
import type { Services } from "../services.ts";
import { version } from "../version.ts";
import { cacheHealth } from "./cache-health.ts";

const timeoutMs = 3_000;

const healthSchema = z
  .object({
    status: z.enum(["ok", "degraded"]),
    version: z.string(),
    checks: z.object({
      database: z.object({ status: z.enum(["ok", "down"]), latency_ms: z.number().nullable() }),
      connectors: z.object({ status: z.enum(["ok", "down"]), live: z.number().int() }),
      realtime: z.object({ status: z.enum(["ok", "joining", "down"]) }),
    }),
  })
  .openapi("Health");
export type Health = z.infer<typeof healthSchema>;

const route = createRoute({
  method: "get",
  path: "/health",
  tags: ["Health"],
  security: [],
  summary: "Check the service and its dependencies",
  responses: {
    200: {
      description: "ok, or degraded: some dependencies are down",
      content: { "application/json": { schema: healthSchema } },
    },
    503: {
      description: "The database is down",
      content: { "application/json": { schema: healthSchema } },
    },
  },
});

export function getHealth(app: App, services: Services): void {
  const readHealth = cacheHealth(() => checkHealth(services), services.now);
  app.openapi(route, async (c) => {
    const health = await readHealth();
    return c.json(health, health.checks.database.status === "ok" ? 200 : 503);
  });
}

async function checkHealth(services: Services): Promise<Health> {
  const [database, realtime] = await Promise.all([
    checkDatabase(services.database, services.now),
    checkRealtime(services.hubs),
  ]);
  const connectors = {
    status: database.live > 0 ? ("ok" as const) : ("down" as const),
    live: database.live,
  };
  const allOk = [database.status, connectors.status, realtime].every((one) => one === "ok");
  return {
    status: allOk ? "ok" : "degraded",
    version,
    checks: {
      database: { status: database.status, latency_ms: database.latencyMs },
      connectors,
      realtime: { status: realtime },
    },
  };
}

async function checkDatabase(database: DatabaseClient, now: () => number) {
  const startedAt = now();
  try {
    const query = database.rpc("count_live_connectors").abortSignal(AbortSignal.timeout(timeoutMs));
    const live = await unwrap(query);
    return { status: "ok" as const, latencyMs: now() - startedAt, live };
  } catch (error) {
    logEvent("warn", "health_check_failed", { check: "database", ...describeError(error) });
    return { status: "down" as const, latencyMs: null, live: 0 };
  }
}

async function checkRealtime(hubs: Hubs) {
  try {
    const states = await Promise.all(hubs.all().map((hub) => hub.status()));
    return states.every(({ realtime }) => realtime === "joined") ? "ok" : "joining";
  } catch (error) {
    logEvent("warn", "health_check_failed", { check: "realtime", ...describeError(error) });
    return "down";
  }
}
