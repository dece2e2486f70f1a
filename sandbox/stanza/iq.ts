import type { Device } from "../account/account.ts";
import { serverJid } from "../account/address.ts";
import type { Network } from "../network.ts";
import { type BinaryNode, node } from "../wire/node.ts";

/** An IQ from a logged-in device. */
export interface IqRequest {
  network: Network;
  device: Device;
  iq: BinaryNode;
}

/** The content of the result; undefined for an empty result. */
export type IqContent = BinaryNode[] | undefined;

/** `<iq type=result>` for a request. */
export function iqResult(iq: BinaryNode, content?: IqContent): BinaryNode {
  const { id, to } = iq.attrs;
  return node("iq", { id, type: "result", from: to ?? serverJid }, content);
}

/** `<iq type=error>` for a request, with a code and text as WhatsApp uses them. */
export function iqError(iq: BinaryNode, code: number, text: string): BinaryNode {
  const { id, to } = iq.attrs;
  const error = node("error", { code: String(code), text });
  return node("iq", { id, type: "error", from: to ?? serverJid }, [error]);
}
