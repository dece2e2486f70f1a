import type { Device } from "../account/account.ts";
import { serverJid } from "../account/address.ts";
import type { Network } from "../network.ts";
import { type BinaryNode, node } from "../wire/node.ts";

/** A question of a device, with what is needed to answer it. */
export interface Query {
  network: Network;
  device: Device;
  iq: BinaryNode;
}

/** The content of the answer. */
export type Answer = BinaryNode[] | undefined;

export function iqResult(iq: BinaryNode, content?: BinaryNode[]): BinaryNode {
  const { id, to } = iq.attrs;
  return node("iq", { id, type: "result", from: to ?? serverJid }, content);
}

export function iqError(iq: BinaryNode, code: number, text: string): BinaryNode {
  const { id, to } = iq.attrs;
  const error = node("error", { code: String(code), text });
  return node("iq", { id, type: "error", from: to ?? serverJid }, [error]);
}
