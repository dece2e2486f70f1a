import { createRoute, z } from "@hono/zod-openapi";
import type { RegistrationRecord } from "../registration/registrations.ts";
import { type Api, jsonResponse, listOf } from "./api.ts";
import type { ApiDeps } from "./deps.ts";

const schema = z
  .object({
    id: z.string(),
    name: z.string().openapi({ description: "As a phone would list it" }),
    started_at: z.iso.datetime(),
    status: z.enum(["pending", "linked", "closed"]),
    ref_refreshes: z.array(
      z.object({
        trigger: z.enum(["connect", "scan"]),
        sent_at: z.iso.datetime(),
        acked: z.boolean(),
      }),
    ),
    companion_hello: z
      .object({
        platform_id: z.string(),
        platform_display: z.string(),
        accepted: z.boolean(),
      })
      .nullable(),
  })
  .openapi("Registration");

const route = createRoute({
  method: "get",
  path: "/registrations",
  tags: ["Linked devices"],
  summary: "List the last 100 clients that registered to be linked",
  responses: { 200: jsonResponse("Since the sandbox started", listOf(schema)) },
});

export function listRegistrations(app: Api, { registrations }: ApiDeps): void {
  app.openapi(route, (c) => c.json({ data: registrations.records().map(toRegistration) }, 200));
}

function toRegistration(record: RegistrationRecord): z.infer<typeof schema> {
  const { id, name, startedAt, status, refRefreshes, companionHello } = record;
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
