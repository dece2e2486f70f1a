import type { Device, Inbox } from "../account/account.ts";
import type { Network } from "../network.ts";
import { waitingFor } from "../stanza/deliver.ts";
import type { Connection } from "../wire/connection.ts";
import { node } from "../wire/node.ts";

const stanzasPerTurn = 200;

/**
 * Sends a device what waited for it, in order and marked as such, then opens its inbox. Takes turns
 * with other work; what arrives meanwhile is stored and picked up by the next turn.
 */
export function replayWaiting(network: Network, device: Device, connection: Connection): void {
  let afterSeq = 0;
  let count = 0;
  const turn = () => {
    if (connection.closed || network.lines.get(device) !== connection) return;
    const waiting = waitingFor(network.store, device, { afterSeq, limit: stanzasPerTurn });
    for (const { seq, stanza } of waiting) {
      connection.send({ ...stanza, attrs: { ...stanza.attrs, offline: "0" } });
      afterSeq = seq;
      count += 1;
    }
    if (waiting.length === stanzasPerTurn) {
      setImmediate(turn);
      return;
    }
    device.inbox = line(connection);
    connection.send(node("ib", {}, [node("offline", { count: String(count) })]));
    network.phones.shareWithNewDevice(device);
  };
  turn();
}

function line(connection: Connection): Inbox {
  return {
    receive: (stanza, encoded) => {
      if (encoded) connection.sendEncoded(encoded);
      else connection.send(stanza);
    },
  };
}
