import { deviceJid } from "../account/address.ts";
import type { Network } from "../network.ts";
import { dispatch } from "../stanza/dispatch.ts";
import type { Connection, Introduction } from "../wire/connection.ts";
import { node } from "../wire/node.ts";
import { replayWaiting } from "./replay.ts";

/** Lets a returning device in, or tells it that it is no longer linked. */
export function login(network: Network, connection: Connection, client: Introduction): void {
  const { payload, noiseKey } = client;
  const device = network.directory.device({
    user: String(payload.username),
    device: payload.device ?? 0,
    addressing: "pn",
  });
  if (!device?.link?.noiseKey.equals(noiseKey)) {
    connection.end(node("failure", { reason: "401", location: "sandbox" }));
    return;
  }
  const previous = network.lines.get(device);
  if (previous) {
    const conflict = node("conflict", { type: "replaced" });
    previous.end(node("stream:error", {}, [conflict]));
    device.inbox = null;
  }
  network.lines.set(device, connection);
  let active = false;
  const activate = () => {
    if (active) return;
    active = true;
    replayWaiting(network, device, connection);
  };
  connection.onClose = () => {
    if (network.lines.get(device) !== connection) return;
    network.lines.delete(device);
    device.inbox = null;
  };
  connection.onNode = (stanza) => dispatch({ network, device, connection, activate }, stanza);
  const t = String(Math.floor(Date.now() / 1000));
  connection.send(node("success", { t, lid: deviceJid(device, "lid"), location: "sandbox" }));
  network.log.info({ device: device.id }, "device logged in");
  // A client that did not ask for quiet gets its stanzas at once.
  if (!payload.passive) activate();
}
