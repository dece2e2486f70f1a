import { createRoute } from "@hono/zod-openapi";
import { unlinkDevice } from "../login/unlink-device.ts";
import { type Api, problems } from "./api.ts";
import type { ApiDeps } from "./deps.ts";
import { phoneParam, phonePath } from "./request.ts";

const route = createRoute({
  method: "delete",
  path: "/phones/{phone}",
  tags: ["Phones"],
  summary: "Delete a phone and unlink its devices",
  request: { params: phonePath },
  responses: { 204: { description: "Deleted" }, ...problems("phone_not_found") },
});

export function deletePhone(app: Api, { network, phones }: ApiDeps): void {
  app.openapi(route, (c) => {
    const phone = phoneParam(c, phones);
    for (const device of phone.account.devices.values()) {
      if (device.link) unlinkDevice(network, device);
    }
    phones.delete(phone);
    return c.body(null, 204);
  });
}
