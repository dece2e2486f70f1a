import type { Hono } from "hono";
import { unlink } from "../login/unlink.ts";
import type { Network } from "../network.ts";
import { SandboxError } from "../sandbox-error.ts";
import { phoneOf } from "./input.ts";

export function unlinkDevice(app: Hono, network: Network): void {
  app.delete("/phones/:phone/linked-devices/:id", (c) => {
    const device = phoneOf(c, network).account.devices.get(Number(c.req.param("id")));
    if (!device?.link) {
      throw new SandboxError(
        "device_not_found",
        "The phone has no such linked device. GET /phones/:phone lists them.",
      );
    }
    unlink(network, device);
    return c.body(null, 204);
  });
}
