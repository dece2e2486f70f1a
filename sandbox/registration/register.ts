import { randomUUID } from "node:crypto";
import { proto } from "@whiskeysockets/baileys";
import { serverJid } from "../account/address.ts";
import type { Network } from "../network.ts";
import type { Connection, Introduction } from "../wire/connection.ts";
import { node } from "../wire/node.ts";
import { takePairingIq } from "./pairing-iq.ts";
import type { Candidate } from "./registrations.ts";

/** Takes in a client that is not linked yet and gives it the references for its QR codes. */
export function register(network: Network, connection: Connection, client: Introduction): void {
  const candidate = candidateFrom(connection, client);
  const references = network.registrations.add(candidate);
  connection.onClose = () => network.registrations.remove(connection);
  connection.onNode = (stanza) => {
    if (stanza.tag === "iq") takePairingIq(network, connection, stanza);
  };
  const refs = references.map((reference) => node("ref", {}, Buffer.from(reference)));
  const attrs = { from: serverJid, type: "set", id: randomUUID(), xmlns: "md" };
  connection.send(node("iq", attrs, [node("pair-device", {}, refs)]));
}

function candidateFrom(connection: Connection, { payload, noiseKey }: Introduction): Candidate {
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

/** As a phone lists it: "Chrome (Mac OS)". */
function deviceName(encoded: Uint8Array | null | undefined): string {
  if (!encoded) return "Unknown device";
  const props = proto.DeviceProps.decode(encoded);
  const platform = proto.DeviceProps.PlatformType[props.platformType ?? 0] ?? "UNKNOWN";
  const words = platform.toLowerCase().replaceAll("_", " ");
  return `${words.charAt(0).toUpperCase()}${words.slice(1)} (${props.os ?? "unknown"})`;
}
