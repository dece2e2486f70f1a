import type { Device, Inbox } from "../account/account.ts";
import type { Network } from "../network.ts";
import { undeliveredStanzas } from "../stanza/deliver.ts";
import type { Connection } from "../wire/connection.ts";
import { node } from "../wire/node.ts";

const batchSize = 200;

export interface OfflineDelivery {
  device: Device;
  connection: Connection;
  onDone: () => void;
}

/**
 * Sends a device its undelivered stanzas in order, marked `offline`, then `<ib><offline count>`, and
 * sets its inbox. Yields to the event loop between batches; stanzas that arrive meanwhile are stored
 * and sent with a later batch.
 */
export function sendOfflineStanzas(
  network: Network,
  { device, connection, onDone }: OfflineDelivery,
): void {
  let afterSeq = 0;
  let count = 0;
  const sendBatch = () => {
    if (connection.closed || network.connections.get(device) !== connection) return;
    const batch = undeliveredStanzas(network.store, device, { afterSeq, limit: batchSize });
    for (const { seq, stanza } of batch) {
      connection.send({ ...stanza, attrs: { ...stanza.attrs, offline: "0" } });
      afterSeq = seq;
      count += 1;
    }
    if (batch.length === batchSize) {
      setImmediate(sendBatch);
      return;
    }
    device.inbox = connectionInbox(connection);
    connection.send(node("ib", {}, [node("offline", { count: String(count) })]));
    onDone();
  };
  sendBatch();
}

function connectionInbox(connection: Connection): Inbox {
  return {
    receive: (stanza, encoded) => connection.send(stanza, encoded),
  };
}
