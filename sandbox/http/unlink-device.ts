import type { Hono } from "hono";
import { unlinkDevice as unlink } from "../login/unlink-device.ts";
import { SandboxError } from "../sandbox-error.ts";
import type { ApiDeps } from "./deps.ts";
import { phoneParam } from "./request.ts";

export function unlinkDevice(app: Hono, { network, phones }: ApiDeps): void {
  app.delete("/phones/:phone/linked-devices/:id", (c) => {
    const device = phoneParam(c, phones).account.devices.get(Number(c.req.param("id")));
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
