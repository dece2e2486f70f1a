import type { Device } from "../account/account.ts";
import { parseAddress, serverJid } from "../account/address.ts";
import type { Network } from "../network.ts";
import { mediaConnTtlSeconds } from "../media/upload-tokens.ts";
import { handleAppStateIq } from "../stanza/app-state-iq.ts";
import { confirmDelivery } from "../stanza/deliver.ts";
import { handleEncryptIq } from "../stanza/encrypt-iq.ts";
import { accountAddressing } from "../stanza/account-addressing.ts";
import { type IqContent, iqError, iqResult } from "../stanza/iq.ts";
import { routeReceipt } from "../stanza/route-receipt.ts";
import { handleUsyncIq } from "../stanza/usync-iq.ts";
import type { Connection } from "../wire/connection.ts";
import { type BinaryNode, child, node } from "../wire/node.ts";
import { handleMessage } from "./handle-message.ts";
import { unlinkDevice } from "./unlink-device.ts";

export interface LoggedIn {
  network: Network;
  device: Device;
  connection: Connection;
  /** Called when the client is ready for its stanzas; WhatsApp holds them back until then. */
  activate: () => void;
}

/** Handles a stanza of a logged-in device. Unknown stanzas are ignored, as WhatsApp does. */
export function handleStanza(session: LoggedIn, stanza: BinaryNode): void {
  const { network, device, connection } = session;
  switch (stanza.tag) {
    case "iq":
      handleIq(session, stanza);
      return;
    case "message":
      handleMessage(network, session, stanza);
      return;
    case "receipt":
      // The client has decrypted the message; nobody knows, and it is delivered again.
      if (isDeliveryReceipt(stanza) && network.faults.forReceipt(device.account.phone)) {
        connection.drop();
        return;
      }
      routeReceipt(network, device, stanza);
      connection.send(receiptAck(stanza));
      return;
    case "ack":
      confirmDelivery(network.store, device, {
        tag: stanza.attrs["class"] ?? "",
        response: stanza,
      });
      return;
    case "presence":
      handlePresence(device, stanza);
      return;
    // Typing is not implemented: see README, "Not implemented".
    case "chatstate":
    case "ib":
      return;
    default:
      network.log.debug({ tag: stanza.tag }, "unknown stanza");
  }
}

/** A presence without type means available; other types than these two are subscriptions. */
function handlePresence(device: Device, { attrs: { type } }: BinaryNode): void {
  if (type === undefined) device.untypedPresences += 1;
  if (type === undefined || type === "available") device.available = true;
  if (type === "unavailable") device.available = false;
}

/** `inactive` is the delivery receipt of a device that is not available. */
function isDeliveryReceipt({ attrs: { type } }: BinaryNode): boolean {
  return type === undefined || type === "inactive";
}

function receiptAck(receipt: BinaryNode): BinaryNode {
  const { id, to, type } = receipt.attrs;
  return node("ack", { class: "receipt", id, from: to ?? serverJid, type });
}

function handleIq(session: LoggedIn, iq: BinaryNode): void {
  const { connection } = session;
  const { type, xmlns } = iq.attrs;
  if (type === "result" || type === "error") return;
  if (xmlns === "md") {
    handleMultiDeviceIq(session, iq);
    return;
  }
  if (xmlns === "w:g2" && iq.attrs["to"] !== "@g.us") {
    connection.send(iqError(iq, 404, "item-not-found"));
    return;
  }
  connection.send(iqResult(iq, resultContent(session, iq)));
  if (xmlns === "passive" && child(iq, "active")) session.activate();
}

/** `xmlns=md` after login: a client that logs out removes its own device. */
function handleMultiDeviceIq({ network, connection }: LoggedIn, iq: BinaryNode): void {
  if (child(iq, "link_code_companion_reg")) {
    connection.send(iqError(iq, 400, "bad-request"));
    return;
  }
  connection.send(iqResult(iq));
  const removal = child(iq, "remove-companion-device");
  const device = network.accounts.deviceAt(parseAddress(removal?.attrs["jid"]));
  const isOwn = device && network.connections.get(device) === connection;
  if (isOwn && device.id !== 0) unlinkDevice(network, device);
}

function resultContent({ network, device }: LoggedIn, iq: BinaryNode): IqContent {
  const request = { network, device, iq };
  switch (iq.attrs["xmlns"] ?? "") {
    case "encrypt":
      return handleEncryptIq(request);
    case "usync":
      return handleUsyncIq(request);
    case "w:sync:app:state":
      return handleAppStateIq(request);
    case "privacy":
      return child(iq, "privacy") ? [privacySettings()] : undefined;
    case "abt":
      return [node("props", { protocol: "1" }, abProps(network, device))];
    case "blocklist":
      return [node("list", {}, [])];
    case "w:g2":
      return [node("groups", {}, [])];
    case "w:m":
      return child(iq, "media_conn") ? [mediaConnection(network, device)] : undefined;
    case "w:mex":
      return [node("result", {}, Buffer.from(JSON.stringify({ data: {} })))];
    default:
      return undefined;
  }
}

function mediaConnection({ media }: Network, device: Device): BinaryNode {
  const attrs = {
    auth: media.tokens.create(device.account.phone),
    ttl: String(mediaConnTtlSeconds),
    max_buckets: "12",
  };
  return node("media_conn", attrs, [node("host", { hostname: media.host, type: "primary" })]);
}

/** A/B test properties by number, as `WAWebABProps` names them. */
const lidOneOnOneMigrationEnabled = "9435";

function abProps(network: Network, device: Device): BinaryNode[] {
  if (accountAddressing(network, device.account) !== "lid") return [];
  return [node("prop", { config_code: lidOneOnOneMigrationEnabled, config_value: "1" })];
}

function privacySettings(): BinaryNode {
  const names = ["readreceipts", "profile", "status", "online", "last", "groupadd", "calladd"];
  return node(
    "privacy",
    {},
    names.map((name) => node("category", { name, value: "all" })),
  );
}
