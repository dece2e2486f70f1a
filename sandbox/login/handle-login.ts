import type { Device } from "../account/account.ts";
import { deviceJid } from "../account/address.ts";
import type { Network } from "../network.ts";
import type { ClientHandshake, Connection } from "../wire/connection.ts";
import { node } from "../wire/node.ts";
import { handleStanza } from "./handle-stanza.ts";
import { sendOfflineStanzas } from "./send-offline-stanzas.ts";

export interface LoginDeps {
  network: Network;
  /** Called when a device has received its offline stanzas and is online. */
  onDeviceOnline: (device: Device) => void;
}

/** Logs a linked device in. A device that is not linked receives `<failure reason=401>`. */
export function handleLogin(
  { network, onDeviceOnline }: LoginDeps,
  connection: Connection,
  { payload, noiseKey }: ClientHandshake,
): void {
  const device = network.accounts.deviceAt({
    user: String(payload.username),
    device: payload.device ?? 0,
    addressing: "pn",
  });
  if (!device?.link?.noiseKey.equals(noiseKey)) {
    connection.close(node("failure", { reason: "401", location: "sandbox" }));
    return;
  }
  const fault = network.faults.forLogin(device.account.phone);
  if (fault) {
    connection.close(node("failure", { reason: String(fault.code), location: "sandbox" }));
    return;
  }
  const previous = network.connections.get(device);
  if (previous) {
    const conflict = node("conflict", { type: "replaced" });
    previous.close(node("stream:error", {}, [conflict]));
    device.inbox = null;
  }
  network.connections.set(device, connection);
  device.available = false;
  let active = false;
  const activate = () => {
    if (active) return;
    active = true;
    sendOfflineStanzas(network, { device, connection, onDone: () => onDeviceOnline(device) });
  };
  connection.onClose = () => {
    if (network.connections.get(device) !== connection) return;
    network.connections.delete(device);
    device.inbox = null;
    device.available = false;
  };
  connection.onNode = (stanza) => handleStanza({ network, device, connection, activate }, stanza);
  const t = String(Math.floor(Date.now() / 1000));
  connection.send(node("success", { t, lid: deviceJid(device, "lid"), location: "sandbox" }));
  network.log.info({ device: device.id }, "device logged in");
  // A passive client sends `<iq xmlns=passive><active/>` when it is ready; others are ready now.
  if (!payload.passive) activate();
}
