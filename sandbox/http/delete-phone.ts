import type { Hono } from "hono";
import { unlink } from "../login/unlink.ts";
import type { Network } from "../network.ts";
import { phoneOf } from "./input.ts";

export function deletePhone(app: Hono, network: Network): void {
  app.delete("/phones/:phone", (c) => {
    const phone = phoneOf(c, network);
    for (const device of phone.account.devices.values()) {
      if (device.link) unlink(network, device);
    }
    network.phones.delete(phone);
    return c.body(null, 204);
  });
}
