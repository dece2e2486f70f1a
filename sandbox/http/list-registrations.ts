import type { Hono } from "hono";
import type { RegistrationRecord } from "../registration/registrations.ts";
import type { ApiDeps } from "./deps.ts";

/** Clients that registered since the start of the sandbox, linked or not. */
export function listRegistrations(app: Hono, { registrations }: ApiDeps): void {
  app.get("/registrations", (c) => c.json({ data: registrations.records().map(shape) }));
}

function shape({ id, name, startedAt, status, refRefreshes, companionHello }: RegistrationRecord) {
  return {
    id,
    name,
    started_at: new Date(startedAt).toISOString(),
    status,
    ref_refreshes: refRefreshes.map(({ trigger, sentAt, acked }) => ({
      trigger,
      sent_at: new Date(sentAt).toISOString(),
      acked,
    })),
    companion_hello: companionHello && {
      platform_id: companionHello.id,
      platform_display: companionHello.display,
      accepted: companionHello.accepted,
    },
  };
}
