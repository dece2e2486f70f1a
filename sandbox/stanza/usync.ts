import type { Account } from "../account/account.ts";
import { accountJid, parseAddress, serverJid } from "../account/address.ts";
import type { Network } from "../network.ts";
import { type BinaryNode, child, children, node, textOf } from "../wire/node.ts";
import type { Answer, Query } from "./iq.ts";

/** `xmlns=usync`: what is known about users: whether they exist, their devices, their LID. */
export function answerUsync({ network, device, iq }: Query): Answer {
  const usync = child(iq, "usync");
  const wanted = new Set(children(child(usync, "query")).map(({ tag }) => tag));
  const users = children(child(usync, "list"), "user");
  const list = users.flatMap((user) => describe({ network, asker: device.account, user, wanted }));
  const results = node(
    "result",
    {},
    [...wanted].map((tag) => node(tag)),
  );
  const { sid, context, mode } = usync?.attrs ?? {};
  const attrs = { sid, context, mode, index: "0", last: "true" };
  return [node("usync", attrs, [results, node("list", {}, list)])];
}

interface Asked {
  network: Network;
  asker: Account;
  user: BinaryNode;
  wanted: Set<string>;
}

function describe({ network, asker, user, wanted }: Asked): BinaryNode[] {
  const number = textOf(child(user, "contact"))?.replace(/\D/g, "");
  const jid = user.attrs["jid"] ?? (number ? `${number}${serverJid}` : undefined);
  const address = parseAddress(jid);
  const account = network.directory.account(address);
  if (!address || !account) {
    const contact = wanted.has("contact") ? [node("contact", { type: "out" })] : [];
    return contact.length > 0 ? [node("user", { jid }, contact)] : [];
  }
  const facts: BinaryNode[] = [];
  if (wanted.has("contact")) facts.push(node("contact", { type: "in" }));
  if (wanted.has("devices")) {
    account.watchers.add(asker);
    facts.push(devices(account));
  }
  // A client stores the pair (asked jid, LID): asked by LID, there is nothing to pair.
  if (wanted.has("lid") && address.addressing === "pn") {
    facts.push(node("lid", { val: accountJid(account, "lid") }));
  }
  if (wanted.has("status")) facts.push(node("status", { t: "0" }, ""));
  if (wanted.has("disappearing_mode")) {
    facts.push(node("disappearing_mode", { duration: "0", t: "0" }));
  }
  return [node("user", { jid: accountJid(account, address.addressing) }, facts)];
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
