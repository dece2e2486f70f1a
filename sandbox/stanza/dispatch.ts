import type { Device } from "../account/account.ts";
import { serverJid } from "../account/address.ts";
import type { Network } from "../network.ts";
import { takePairingIq } from "../registration/pairing-iq.ts";
import type { Connection } from "../wire/connection.ts";
import { type BinaryNode, child, node } from "../wire/node.ts";
import { answerAppState } from "./app-state.ts";
import { settle } from "./deliver.ts";
import { answerEncrypt } from "./encrypt.ts";
import { type Answer, iqError, iqResult, type Query } from "./iq.ts";
import { routeMessage } from "./message.ts";
import { routeReceipt } from "./receipt.ts";
import { answerUsync } from "./usync.ts";

export interface LoggedIn {
  network: Network;
  device: Device;
  connection: Connection;
  /** Called when the device wants its stanzas: WhatsApp holds them back until then. */
  activate: () => void;
}

/** Everything a logged-in device may say. What we do not know is ignored, as WhatsApp does. */
export function dispatch(session: LoggedIn, stanza: BinaryNode): void {
  const { network, device, connection } = session;
  switch (stanza.tag) {
    case "iq":
      takeIq(session, stanza);
      return;
    case "message":
      routeMessage(network, device, stanza, (ack) => connection.send(ack));
      return;
    case "receipt":
      routeReceipt(network, device, stanza);
      connection.send(receiptAck(stanza));
      return;
    case "ack":
      settle(network.store, device, stanza.attrs["class"] ?? "", stanza);
      return;
    // Presence and typing have no watchers yet: see README, "What is missing".
    case "presence":
    case "chatstate":
    case "ib":
      return;
    default:
      network.log.debug({ tag: stanza.tag }, "unknown stanza");
  }
}

function receiptAck(receipt: BinaryNode): BinaryNode {
  const { id, to, type } = receipt.attrs;
  return node("ack", { class: "receipt", id, from: to ?? serverJid, type });
}

function takeIq(session: LoggedIn, iq: BinaryNode): void {
  const { connection } = session;
  const { type, xmlns } = iq.attrs;
  if (type === "result" || type === "error") return;
  if (xmlns === "md") {
    takePairingIq(session.network, connection, iq);
    return;
  }
  if (xmlns === "w:g2" && iq.attrs["to"] !== "@g.us") {
    connection.send(iqError(iq, 404, "item-not-found"));
    return;
  }
  connection.send(iqResult(iq, answer(session, iq)));
  if (xmlns === "passive" && child(iq, "active")) session.activate();
}

function answer(session: LoggedIn, iq: BinaryNode): Answer {
  const query: Query = { network: session.network, device: session.device, iq };
  switch (iq.attrs["xmlns"] ?? "") {
    case "encrypt":
      return answerEncrypt(query);
    case "usync":
      return answerUsync(query);
    case "w:sync:app:state":
      return answerAppState(query);
    case "privacy":
      return child(iq, "privacy") ? [privacySettings()] : undefined;
    case "abt":
      return [node("props", { protocol: "1" }, [])];
    case "blocklist":
      return [node("list", {}, [])];
    case "w:g2":
      return [node("groups", {}, [])];
    case "w:m":
      // Media comes with its own endpoint (media/): until then no host takes uploads.
      return [node("media_conn", { auth: "sandbox", ttl: "300", max_buckets: "12" }, [])];
    case "w:mex":
      return [node("result", {}, Buffer.from(JSON.stringify({ data: {} })))];
    default:
      return undefined;
  }
}

function privacySettings(): BinaryNode {
  const names = ["readreceipts", "profile", "status", "online", "last", "groupadd", "calladd"];
  return node(
    "privacy",
    {},
    names.map((name) => node("category", { name, value: "all" })),
  );
}
