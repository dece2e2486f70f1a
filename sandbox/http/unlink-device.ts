import { createRoute, z } from "@hono/zod-openapi";
import { unlinkDevice as unlink } from "../login/unlink-device.ts";
import { SandboxError } from "../sandbox-error.ts";
import { type Api, problems } from "./api.ts";
import type { ApiDeps } from "./deps.ts";
import { phoneParam, phonePath } from "./request.ts";

const route = createRoute({
  method: "delete",
  path: "/phones/{phone}/linked-devices/{id}",
  tags: ["Linked devices"],
  summary: "Log a device out from the phone",
  request: { params: phonePath.extend({ id: z.string().openapi({ example: "1" }) }) },
  responses: {
    204: { description: "Logged out" },
    ...problems("phone_not_found", "device_not_found"),
  },
});

export function unlinkDevice(app: Api, { network, phones }: ApiDeps): void {
  app.openapi(route, (c) => {
    const { id } = c.req.valid("param");
    const device = phoneParam(c, phones).account.devices.get(Number(id));
    if (!device?.link) {
      throw new SandboxError(
        "device_not_found",
        "The phone has no linked device with this id. GET /phones/:phone lists them.",
      );
    }
    unlink(network, device);
    return c.body(null, 204);
  });
}
