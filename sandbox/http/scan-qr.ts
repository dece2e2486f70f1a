import { createRoute, z } from "@hono/zod-openapi";
import { scanQr as scan } from "../registration/scan-qr.ts";
import { type Api, jsonBody, jsonResponse, problems } from "./api.ts";
import type { ApiDeps } from "./deps.ts";
import { deviceSchema, toDevice } from "./phone-resource.ts";
import { onlinePhoneParam, phonePath, requireJsonBody } from "./request.ts";

const body = z.object({
  qr: z.string().min(1).openapi({ description: "The text that the client shows as a QR code" }),
});

const route = createRoute({
  method: "post",
  path: "/phones/{phone}/scan",
  tags: ["Linked devices"],
  summary: "Link the client that shows this QR code",
  middleware: requireJsonBody,
  request: { params: phonePath, body: jsonBody(body) },
  responses: {
    200: jsonResponse("The linked device", deviceSchema),
    ...problems(
      "phone_not_found",
      "phone_offline",
      "qr_expired",
      "qr_secret_retired",
      "unsupported_media_type",
      "invalid_request",
      "invalid_qr",
      "pairing_unanswered",
    ),
  },
});

export function scanQr(app: Api, deps: ApiDeps): void {
  app.openapi(route, async (c) => {
    const phone = onlinePhoneParam(c, deps.phones);
    const { qr } = c.req.valid("json");
    return c.json(toDevice(await scan(deps, phone.account, qr)), 200);
  });
}
