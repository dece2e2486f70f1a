import { parseAddress } from "../account/address.ts";
import type { Device } from "../account/account.ts";
import type { Network } from "../network.ts";
import { addressingError } from "../stanza/account-addressing.ts";
import { routeMessage } from "../stanza/route-message.ts";
import type { Connection } from "../wire/connection.ts";
import { type BinaryNode, node } from "../wire/node.ts";

/** Routes a client's message and acks it, or refuses it with an ack that has an error code. */
export function handleMessage(
  network: Network,
  { device, connection }: { device: Device; connection: Connection },
  message: BinaryNode,
): void {
  const recipient = network.accounts.accountAt(parseAddress(message.attrs["to"]));
  const fault = network.faults.forMessage(device.account.phone, recipient?.phone);
  const error = fault?.kind === "nack" ? fault.code : addressingError(network, device, message);
  if (error !== undefined) {
    const { id, to } = message.attrs;
    const t = String(Math.floor(Date.now() / 1000));
    connection.send(node("ack", { class: "message", id, from: to, t, error: String(error) }));
    return;
  }
  routeMessage(network, device, message, (ack) => {
    if (fault?.kind === "lose-acks") return;
    if (fault?.kind === "delay-acks") setTimeout(() => connection.send(ack), fault.delayMs).unref();
    else connection.send(ack);
  });
}
