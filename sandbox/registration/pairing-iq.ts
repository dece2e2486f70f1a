import { randomBytes } from "node:crypto";
import { parseAddress } from "../account/address.ts";
import { effectiveBehaviour } from "../account/behaviour.ts";
import { iqError, iqResult } from "../stanza/iq.ts";
import type { Connection } from "../wire/connection.ts";
import { type BinaryNode, bytesOf, child, node, textOf } from "../wire/node.ts";
import { isKnownPlatform } from "./companion-platform.ts";
import type { RegistrationDeps } from "./registrations.ts";

/** Handles the IQs of an unlinked client (`xmlns=md`) and its results of the server's own IQs. */
export function handlePairingIq(
  deps: RegistrationDeps,
  connection: Connection,
  iq: BinaryNode,
): void {
  const signed = child(child(iq, "pair-device-sign"), "device-identity");
  if (signed) {
    deps.registrations.companion(connection)?.onSigned?.(bytesOf(signed) ?? Buffer.alloc(0));
    return;
  }
  if (iq.attrs["type"] === "result") return;
  const codeStep = child(iq, "link_code_companion_reg");
  const stage = codeStep?.attrs["stage"];
  if (codeStep && stage === "companion_hello") {
    handleCompanionHello(deps, connection, { iq, hello: codeStep });
  } else if (codeStep && stage === "companion_finish") {
    handleCompanionFinish(deps, connection, { iq, finish: codeStep });
  } else {
    connection.send(iqResult(iq));
  }
}

/** The client shows a code and sends its ephemeral key, encrypted with that code. */
function handleCompanionHello(
  { network, registrations }: RegistrationDeps,
  connection: Connection,
  { iq, hello }: { iq: BinaryNode; hello: BinaryNode },
): void {
  const companion = registrations.companion(connection);
  const phone = parseAddress(hello.attrs["jid"])?.user;
  const wrappedEphemeral = bytesOf(
    child(hello, "link_code_pairing_wrapped_companion_ephemeral_pub"),
  );
  const platform = {
    id: textOf(child(hello, "companion_platform_id")) ?? "",
    display: textOf(child(hello, "companion_platform_display")) ?? "",
  };
  const account = phone ? network.accounts.byPhone(phone) : undefined;
  const { companionHello } = effectiveBehaviour(network.behaviour, account?.behaviour);
  const accepted = companionHello === "lenient" || isKnownPlatform(platform);
  if (companion) companion.record.companionHello = { ...platform, accepted };
  if (!companion || !phone || wrappedEphemeral?.length !== 80 || !accepted) {
    connection.send(iqError(iq, 400, "bad-request"));
    return;
  }
  const ref = randomBytes(32);
  registrations.startCodePairing(phone, {
    companion,
    ref,
    wrappedEphemeral,
    failures: 0,
    onFinish: null,
  });
  const refNode = node("link_code_pairing_ref", {}, ref);
  connection.send(iqResult(iq, [node("link_code_companion_reg", {}, [refNode])]));
}

/** The client has the phone's ephemeral key and sends its identity, encrypted with both keys. */
function handleCompanionFinish(
  { registrations }: RegistrationDeps,
  connection: Connection,
  { iq, finish }: { iq: BinaryNode; finish: BinaryNode },
): void {
  const ref = bytesOf(child(finish, "link_code_pairing_ref"));
  const wrappedKeyBundle = bytesOf(child(finish, "link_code_pairing_wrapped_key_bundle"));
  const identityKey = bytesOf(child(finish, "companion_identity_public"));
  const pairing = ref && registrations.codePairingByRef(ref);
  const isOwn = pairing?.companion.connection === connection;
  if (!isOwn || !wrappedKeyBundle || !identityKey) {
    connection.send(iqError(iq, 404, "item-not-found"));
    return;
  }
  connection.send(iqResult(iq));
  pairing.onFinish?.({ wrappedKeyBundle, identityKey });
}
