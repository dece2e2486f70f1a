import type { Device } from "../account/account.ts";
import type { Network } from "../network.ts";
import { notifyDeviceChange } from "../stanza/device-notification.ts";
import { node } from "../wire/node.ts";

/**
 * Removes a linked device. If it is connected it gets `<stream:error code=401>` with
 * `device_removed`; later logins fail with 401.
 */
export function unlinkDevice(network: Network, device: Device): void {
  const conflict = node("conflict", { type: "device_removed" });
  network.connections.get(device)?.close(node("stream:error", { code: "401" }, [conflict]));
  network.connections.delete(device);
  device.inbox = null;
  network.accounts.removeDevice(device);
  notifyDeviceChange(network.store, device, "remove");
  network.log.info({ device: device.id }, "device unlinked");
}
