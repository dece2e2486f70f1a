import { randomUUID } from "node:crypto";
import { proto } from "@whiskeysockets/baileys";
import { serverJid } from "../account/address.ts";
import type { ClientHandshake, Connection } from "../wire/connection.ts";
import { node } from "../wire/node.ts";
import { handlePairingIq } from "./pairing-iq.ts";
import { confirmRefRefresh, sendRefRefresh } from "./ref-refresh.ts";
import type { PendingCompanion, RegistrationDeps, Registrations } from "./registrations.ts";

/** Registers a client that is not linked yet and sends it the refs for its QR codes. */
export function handleRegistration(
  deps: RegistrationDeps,
  connection: Connection,
  client: ClientHandshake,
): void {
  const { network, registrations } = deps;
  const companion = pendingCompanion(registrations, connection, client);
  const refs = registrations.add(companion);
  const pairDeviceId = randomUUID();
  connection.onClose = () => {
    registrations.remove(connection);
    companion.onClose?.();
  };
  connection.onNode = (stanza) => {
    if (stanza.tag === "ack") confirmRefRefresh(companion, stanza);
    if (stanza.tag !== "iq") return;
    const hasRefs = stanza.attrs["id"] === pairDeviceId && stanza.attrs["type"] === "result";
    if (hasRefs && network.behaviour.refRefresh === "onConnect") {
      sendRefRefresh(companion, "connect");
    }
    handlePairingIq(deps, connection, stanza);
  };
  const refNodes = refs.map((ref) => node("ref", {}, Buffer.from(ref)));
  const attrs = { from: serverJid, type: "set", id: pairDeviceId, xmlns: "md" };
  connection.send(node("iq", attrs, [node("pair-device", {}, refNodes)]));
}

function pendingCompanion(
  registrations: Registrations,
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
    retiredSecrets: [],
    onSigned: null,
    onClose: null,
    record: registrations.createRecord(deviceName(data.deviceProps)),
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
