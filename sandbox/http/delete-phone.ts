import type { Hono } from "hono";
import { unlinkDevice } from "../login/unlink-device.ts";
import type { ApiDeps } from "./deps.ts";
import { phoneParam } from "./request.ts";

export function deletePhone(app: Hono, { network, phones }: ApiDeps): void {
  app.delete("/phones/:phone", (c) => {
    const phone = phoneParam(c, phones);
    for (const device of phone.account.devices.values()) {
      if (device.link) unlinkDevice(network, device);
    }
    phones.delete(phone);
    return c.body(null, 204);
  });
}
