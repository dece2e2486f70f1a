import { expect, test } from "vitest";
import type { PhoneMessage } from "../../support/phone.ts";
import type { Member } from "../environment.ts";
import type { SendAnswer, SendRequest } from "../traffic/send.ts";
import type { StoredMessage } from "./read-state.ts";
import { checkSends } from "./sends.ts";

const own = "393330000001";
const contact = "393330000002";
// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the judge reads only these fields
const member = { sessionId: "s0", owner: { number: own }, earlier: [] } as unknown as Member;

function request(changes: Partial<SendRequest> = {}): SendRequest {
  return {
    member,
    to: contact,
    text: "hi",
    key: undefined,
    startedAt: 0,
    number: own,
    queuedId: undefined,
    answers: [],
    ...changes,
  };
}

function row(changes: Partial<StoredMessage> = {}): StoredMessage {
  return {
    id: "1",
    session_id: "s0",
    direction: "out",
    text: "hi",
    status: "DELIVERED",
    wa_message_id: "A",
    error: null,
    chat_id: contact,
    ...changes,
  };
}

function arrived(changes: Partial<PhoneMessage> = {}): PhoneMessage {
  const message = { id: "A", direction: "in" as const, from: own, to: contact };
  return { ...message, type: "text", text: "hi", ...changes };
}

const accepted: SendAnswer[] = [{ startedAt: 0, answeredAt: 10, status: 202 }];

function kindsOf(
  sendRequests: SendRequest[],
  history: StoredMessage[],
  messages: PhoneMessage[],
): string[] {
  const phones = new Map([[contact, messages]]);
  const rules = { mayFail: ["logged_out"], mayRefuse: [] };
  return checkSends({ sendRequests, history, phones }, rules).map(({ kind }) => kind);
}

test("a message that arrived once, and one that failed for an allowed reason, are well", () => {
  expect(kindsOf([request({ answers: accepted })], [row()], [arrived()])).toEqual([]);
  const failed = row({ status: "FAILED", error: { code: "logged_out", message: "" } });
  expect(kindsOf([request({ queuedId: "1" })], [failed], [])).toEqual([]);
});

test("a message that is SENT in the history, or queued, and never arrived is lost", () => {
  expect(kindsOf([request({ answers: accepted })], [row()], [])).toEqual(["lost"]);
  expect(kindsOf([request({ queuedId: "1" })], [row({ status: "QUEUED" })], [])).toEqual([
    "lost",
    "stuck",
  ]);
  const failed = row({ status: "FAILED", error: { code: "timeout", message: "" } });
  expect(kindsOf([request({ queuedId: "1" })], [failed], [])).toEqual(["lost"]);
});

test("a message that arrived under two ids is doubled", () => {
  expect(kindsOf([request()], [row()], [arrived(), arrived({ id: "B" })])).toEqual(["doubled"]);
});

test("a message may come only from a number that the session had while it was on its way", () => {
  const later = "393330000009";
  expect(kindsOf([request()], [row()], [arrived({ from: later })])).toEqual(["wrong sender"]);
  const relinked: Member = {
    ...member,
    owner: { ...member.owner, number: later },
    earlier: [{ number: own, until: 100, texts: new Set(["under way"]) }],
  };
  const queued = request({ member: relinked, queuedId: "1" });
  expect(kindsOf([queued], [row()], [arrived({ from: later })])).toEqual([]);
  const underWay = { ...queued, text: "under way" };
  const stored = row({ text: "under way" });
  const message = arrived({ text: "under way", from: later });
  expect(kindsOf([underWay], [stored], [message])).toEqual(["wrong sender"]);
});

test("queued rows that arrive in another order are misordered", () => {
  const first = request({ queuedId: "1", text: "one" });
  const second = request({ queuedId: "2", text: "two" });
  const rows = [row({ text: "one" }), row({ id: "2", text: "two", wa_message_id: "B" })];
  const messages = [arrived({ text: "two", id: "B" }), arrived({ text: "one" })];
  expect(kindsOf([first, second], rows, messages)).toEqual(["misordered"]);
});
