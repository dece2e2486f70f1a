import type { Device } from "../account/account.ts";
import type { Network } from "../network.ts";
import { announceDevice } from "../stanza/announce-device.ts";
import { node } from "../wire/node.ts";

/** Logs a companion out for good: it is told if it is connected, and refused when it comes back. */
export function unlink(network: Network, device: Device): void {
  const conflict = node("conflict", { type: "device_removed" });
  network.lines.get(device)?.end(node("stream:error", { code: "401" }, [conflict]));
  network.lines.delete(device);
  device.inbox = null;
  network.directory.removeDevice(device);
  announceDevice(network.store, device, "remove");
  network.log.info({ device: device.id }, "device unlinked");
}
