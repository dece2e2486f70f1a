import { randomBytes } from "node:crypto";
import { parseAddress } from "../account/address.ts";
import { unlink } from "../login/unlink.ts";
import type { Network } from "../network.ts";
import { iqError, iqResult } from "../stanza/iq.ts";
import type { Connection } from "../wire/connection.ts";
import { type BinaryNode, bytesOf, child, node } from "../wire/node.ts";

/** `xmlns=md`, and the answers to ours: becoming a device, by QR or by code, and ceasing to be one. */
export function takePairingIq(network: Network, connection: Connection, iq: BinaryNode): void {
  const signed = child(child(iq, "pair-device-sign"), "device-identity");
  if (signed) {
    network.registrations.candidate(connection)?.onSigned?.(bytesOf(signed) ?? Buffer.alloc(0));
    return;
  }
  if (iq.attrs["type"] === "result") return;
  const byCode = child(iq, "link_code_companion_reg");
  if (byCode?.attrs["stage"] === "companion_hello") {
    companionHello(network, connection, { iq, byCode });
    return;
  }
  if (byCode?.attrs["stage"] === "companion_finish") {
    companionFinish(network, connection, { iq, byCode });
    return;
  }
  const removal = child(iq, "remove-companion-device");
  if (removal) {
    connection.send(iqResult(iq));
    const device = network.directory.device(parseAddress(removal.attrs["jid"]));
    const own = device && network.lines.get(device) === connection;
    if (own && device.id !== 0) unlink(network, device);
    return;
  }
  connection.send(iqResult(iq));
}

interface CodeRequest {
  iq: BinaryNode;
  byCode: BinaryNode;
}

/** The client shows a code and sends its key, encrypted with that code. */
function companionHello(
  network: Network,
  connection: Connection,
  { iq, byCode }: CodeRequest,
): void {
  const candidate = network.registrations.candidate(connection);
  const phone = parseAddress(byCode.attrs["jid"])?.user;
  const wrappedEphemeral = bytesOf(
    child(byCode, "link_code_pairing_wrapped_companion_ephemeral_pub"),
  );
  if (!candidate || !phone || wrappedEphemeral?.length !== 80) {
    connection.send(iqError(iq, 400, "bad-request"));
    return;
  }
  const ref = randomBytes(32);
  network.registrations.offerCode(phone, {
    candidate,
    ref,
    wrappedEphemeral,
    failures: 0,
    onFinish: null,
  });
  const answer = node("link_code_pairing_ref", {}, ref);
  connection.send(iqResult(iq, [node("link_code_companion_reg", {}, [answer])]));
}

/** The client has got the phone's key and proves that it knows the code. */
function companionFinish(
  network: Network,
  connection: Connection,
  { iq, byCode }: CodeRequest,
): void {
  const ref = bytesOf(child(byCode, "link_code_pairing_ref"));
  const wrappedKeyBundle = bytesOf(child(byCode, "link_code_pairing_wrapped_key_bundle"));
  const identityKey = bytesOf(child(byCode, "companion_identity_public"));
  const offer = ref && network.registrations.offerByReference(ref);
  if (!offer || offer.candidate.connection !== connection || !wrappedKeyBundle || !identityKey) {
    connection.send(iqError(iq, 404, "item-not-found"));
    return;
  }
  connection.send(iqResult(iq));
  offer.onFinish?.({ wrappedKeyBundle, identityKey });
}
