import { randomBytes, randomInt } from "node:crypto";
import { deflateSync } from "node:zlib";
import { proto } from "@whiskeysockets/baileys";
import type { Device } from "../account/account.ts";
import { accountJid, deviceJid } from "../account/address.ts";
import { accountAddressing } from "../stanza/account-addressing.ts";
import { routeMessage } from "../stanza/route-message.ts";
import { type PhoneMessage, recentMessages } from "../store/messages.ts";
import { node } from "../wire/node.ts";
import type { Phone } from "./phone.ts";
import { encryptFor } from "./send.ts";

const { HistorySyncType } = proto.HistorySync;
const { Type } = proto.Message.ProtocolMessage;
const historyMessages = 200;

/**
 * Sends a newly linked device the app state key and the recent message history. Baileys buffers its
 * events until the history has arrived.
 */
export async function sendInitialSync(phone: Phone, device: Device): Promise<void> {
  await sendPeerMessage(phone, device, {
    type: Type.APP_STATE_SYNC_KEY_SHARE,
    appStateSyncKeyShare: { keys: [appStateKey(phone)] },
  });
  await sendPeerMessage(phone, device, {
    type: Type.HISTORY_SYNC_NOTIFICATION,
    historySyncNotification: {
      syncType: proto.Message.HistorySyncType.INITIAL_BOOTSTRAP,
      chunkOrder: 1,
      progress: 100,
      initialHistBootstrapInlinePayload: deflateSync(
        proto.HistorySync.encode(history(phone)).finish(),
      ),
    },
  });
}

async function sendPeerMessage(
  phone: Phone,
  device: Device,
  protocolMessage: proto.Message.IProtocolMessage,
) {
  const enc = await encryptFor(phone, device, { protocolMessage });
  const id = randomBytes(10).toString("hex").toUpperCase();
  const attrs = { id, to: deviceJid(device, "pn"), type: "text", category: "peer" };
  routeMessage(phone.network, phone.device, node("message", attrs, [enc]), () => {});
}

/** The account's only app state key, created when the first device is linked. */
function appStateKey(phone: Phone): proto.Message.IAppStateSyncKey {
  const { keys } = phone.engine;
  const name = "shared";
  const keyId = { keyId: Buffer.from([0, 0, 0, 0, 0, 1]) };
  const known = keys.get("app-state-sync-key", [name])[name];
  if (known) return { keyId, keyData: known };
  const keyData: proto.Message.IAppStateSyncKeyData = {
    keyData: randomBytes(32),
    fingerprint: { rawId: randomInt(2 ** 31), currentIndex: 0, deviceIndexes: [0] },
    timestamp: Date.now(),
  };
  keys.set({ "app-state-sync-key": { [name]: keyData } });
  return { keyId, keyData };
}

function history(phone: Phone): proto.IHistorySync {
  const { accounts, store } = phone.network;
  const isLid = accountAddressing(phone.network, phone.account) === "lid";
  const messages = recentMessages(store, phone.account.phone, historyMessages);
  const chats = Map.groupBy(messages, (message) =>
    message.direction === "in" ? message.from : message.to,
  );
  const conversations: proto.IConversation[] = [];
  const phoneNumberToLidMappings: proto.IPhoneNumberToLIDMapping[] = [];
  for (const [number, chat] of chats) {
    const partner = accounts.byPhone(number);
    if (!partner) continue;
    const pnJid = accountJid(partner, "pn");
    const lidJid = accountJid(partner, "lid");
    const id = isLid ? lidJid : pnJid;
    phoneNumberToLidMappings.push({ pnJid, lidJid });
    const newestFirst = chat.toReversed().map((message) => ({ message: webMessage(message, id) }));
    conversations.push({ id, pnJid, lidJid, name: partner.name, messages: newestFirst });
  }
  return {
    syncType: HistorySyncType.INITIAL_BOOTSTRAP,
    conversations,
    phoneNumberToLidMappings,
    progress: 100,
  };
}

function webMessage(message: PhoneMessage, remoteJid: string): proto.IWebMessageInfo {
  return {
    key: { remoteJid, fromMe: message.direction === "out", id: message.id },
    message: proto.Message.decode(message.encodedMessage),
    messageTimestamp: message.timestamp,
  };
}
