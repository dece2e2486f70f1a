import type { Account } from "../account/account.ts";
import { accountJid, parseAddress, serverJid } from "../account/address.ts";
import type { Network } from "../network.ts";
import { type BinaryNode, child, children, node, textOf } from "../wire/node.ts";
import type { IqContent, IqRequest } from "./iq.ts";

/** `xmlns=usync`: looks up users: whether they exist, their devices, their LID. */
export function handleUsyncIq({ network, device, iq }: IqRequest): IqContent {
  const usync = child(iq, "usync");
  const protocols = new Set(children(child(usync, "query")).map(({ tag }) => tag));
  const users = children(child(usync, "list"), "user");
  const list = users.flatMap((user) =>
    lookUp({ network, requester: device.account, user, protocols }),
  );
  const result = node(
    "result",
    {},
    [...protocols].map((tag) => node(tag)),
  );
  const { sid, context, mode } = usync?.attrs ?? {};
  const attrs = { sid, context, mode, index: "0", last: "true" };
  return [node("usync", attrs, [result, node("list", {}, list)])];
}

interface Lookup {
  network: Network;
  requester: Account;
  user: BinaryNode;
  protocols: Set<string>;
}

function lookUp({ network, requester, user, protocols }: Lookup): BinaryNode[] {
  const number = textOf(child(user, "contact"))?.replace(/\D/g, "");
  const jid = user.attrs["jid"] ?? (number ? `${number}${serverJid}` : undefined);
  const address = parseAddress(jid);
  const account = network.accounts.accountAt(address);
  if (!address || !account) {
    const contact = protocols.has("contact") ? [node("contact", { type: "out" })] : [];
    return contact.length > 0 ? [node("user", { jid }, contact)] : [];
  }
  const results: BinaryNode[] = [];
  if (protocols.has("contact")) results.push(node("contact", { type: "in" }));
  if (protocols.has("devices")) {
    account.deviceListSubscribers.add(requester);
    results.push(devices(account));
  }
  // Baileys stores the pair of requested jid and LID, which is only valid for a PN jid.
  if (protocols.has("lid") && address.addressing === "pn") {
    results.push(node("lid", { val: accountJid(account, "lid") }));
  }
  if (protocols.has("status")) results.push(node("status", { t: "0" }, ""));
  if (protocols.has("disappearing_mode")) {
    results.push(node("disappearing_mode", { duration: "0", t: "0" }));
  }
  return [node("user", { jid: accountJid(account, address.addressing) }, results)];
}

function devices(account: Account): BinaryNode {
  const list = [...account.devices.values()].map(({ id, link }) =>
    node("device", { id: String(id), "key-index": link ? String(link.keyIndex) : undefined }),
  );
  return node("devices", {}, [
    node("device-list", {}, list),
    node("key-index-list", { ts: String(Math.floor(account.createdAt / 1000)) }),
  ]);
}
