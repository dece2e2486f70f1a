import { randomUUID } from "node:crypto";
import { proto } from "@whiskeysockets/baileys";
import { serverJid } from "../account/address.ts";
import type { ClientHandshake, Connection } from "../wire/connection.ts";
import { node } from "../wire/node.ts";
import { handlePairingIq } from "./pairing-iq.ts";
import type { PendingCompanion, RegistrationDeps } from "./registrations.ts";

/** Registers a client that is not linked yet and sends it the refs for its QR codes. */
export function handleRegistration(
  deps: RegistrationDeps,
  connection: Connection,
  client: ClientHandshake,
): void {
  const refs = deps.registrations.add(pendingCompanion(connection, client));
  connection.onClose = () => deps.registrations.remove(connection);
  connection.onNode = (stanza) => {
    if (stanza.tag === "iq") handlePairingIq(deps, connection, stanza);
  };
  const refNodes = refs.map((ref) => node("ref", {}, Buffer.from(ref)));
  const attrs = { from: serverJid, type: "set", id: randomUUID(), xmlns: "md" };
  connection.send(node("iq", attrs, [node("pair-device", {}, refNodes)]));
}

function pendingCompanion(
  connection: Connection,
  { payload, noiseKey }: ClientHandshake,
): PendingCompanion {
  const data = payload.devicePairingData;
  if (!data?.eIdent || !data.eRegid || !data.eSkeyId || !data.eSkeyVal || !data.eSkeySig) {
    throw new Error("registration without keys");
  }
  return {
    connection,
    noiseKey,
    identityKey: Buffer.from(data.eIdent),
    registrationId: readNumber(data.eRegid),
    signedPreKey: {
      id: readNumber(data.eSkeyId),
      public: Buffer.from(data.eSkeyVal),
      signature: Buffer.from(data.eSkeySig),
    },
    name: deviceName(data.deviceProps),
    onSigned: null,
  };
}

function readNumber(bytes: Uint8Array): number {
  return Buffer.from(bytes).readUIntBE(0, bytes.length);
}

/** The name that the phone lists, for example "Chrome (Mac OS)". */
function deviceName(encoded: Uint8Array | null | undefined): string {
  if (!encoded) return "Unknown device";
  const props = proto.DeviceProps.decode(encoded);
  const platform = proto.DeviceProps.PlatformType[props.platformType ?? 0] ?? "UNKNOWN";
  const words = platform.toLowerCase().replaceAll("_", " ");
  return `${words.charAt(0).toUpperCase()}${words.slice(1)} (${props.os ?? "unknown"})`;
}
