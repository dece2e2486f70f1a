import type { PhoneMessage } from "../../support/phone.ts";
import type { Member } from "../environment.ts";
import type { SendRequest } from "../traffic/send.ts";
import { findMisordered, findOvertaken } from "./order.ts";
import type { PhoneLists, StoredMessage } from "./read-state.ts";
import type { Violation, ViolationKind } from "./violation.ts";

export interface SendRules {
  /** Reasons with which a message may fail in this scenario. */
  mayFail: readonly string[];
  /** Error codes with which a direct send may be refused for good. */
  mayRefuse: readonly string[];
}

/** What became of everything that one tenant wanted to send. */
export function checkSends(
  input: { sendRequests: SendRequest[]; history: StoredMessage[]; phones: PhoneLists },
  rules: SendRules,
): Violation[] {
  const { sendRequests, phones } = input;
  const outgoing = input.history.filter(({ direction }) => direction === "out");
  const rowsByText = Map.groupBy(outgoing, ({ text }) => text);
  const violations: Violation[] = [];
  for (const request of sendRequests) {
    const { to, text } = request;
    const rows = rowsByText.get(text) ?? [];
    const arrived = (phones.get(to) ?? []).filter(
      (message) => message.direction === "in" && message.text === text,
    );
    for (const [kind, what] of checkSend({ request, rows, arrived }, rules)) {
      violations.push({ kind, detail: `${describe({ request, rows, arrived })}: ${what}` });
    }
  }
  return [...violations, ...checkOrder(sendRequests, phones)];
}

interface Sent {
  request: SendRequest;
  rows: StoredMessage[];
  arrived: PhoneMessage[];
}

function* checkSend(
  { request, rows, arrived }: Sent,
  rules: SendRules,
): Generator<[ViolationKind, string]> {
  const { key, queuedId, answers } = request;
  const [row] = rows;
  const [first] = arrived;
  const last = answers.at(-1);
  const failedWith = row?.status === "FAILED" ? (row.error?.code ?? "no reason") : undefined;
  const mayFail = failedWith !== undefined && rules.mayFail.includes(failedWith);
  const wasAccepted = answers.find(({ status }) => status === 201)?.message;

  if (arrived.length > 1) yield ["doubled", "arrived more than once"];
  if (rows.length > 1) yield ["doubled", "stored more than once"];
  for (const { from } of arrived) {
    if (!mayComeFrom(request, from)) yield ["wrong sender", `arrived from ${from}`];
  }

  if (arrived.length === 0) {
    if (wasAccepted !== undefined) yield ["lost", "answered 201, never arrived"];
    else if (queuedId !== undefined && !mayFail) yield ["lost", "queued, never arrived"];
    else if (row?.status === "SENT" || row?.status === "DELIVERED" || row?.status === "READ") {
      yield ["lost", `${row.status} in the history, never arrived`];
    }
  } else if (row === undefined) yield ["other", "arrived and is not in the history"];
  // Nobody can know what became of a message when its device was unlinked before the ack.
  else if (failedWith !== undefined && !mayFail)
    yield ["other", `FAILED (${failedWith}) but arrived`];
  else if (row.wa_message_id !== first?.id) {
    yield ["other", "arrived under an id that is not stored"];
  }

  if (row?.status === "QUEUED" || row?.status === "SENDING" || row?.status === "SENT") {
    yield ["stuck", `still ${row.status}`];
  }
  if (failedWith !== undefined && !mayFail && queuedId === undefined) {
    yield ["other", `failed: ${failedWith}`];
  }
  const mayRefuse = (code: string | undefined) =>
    code !== undefined && rules.mayRefuse.includes(code);
  if (key !== undefined && last?.status !== 201 && !mayFail && !mayRefuse(last?.code)) {
    yield ["other", "never answered 201"];
  }
  const refusal = answers.find(
    ({ status, code }) => status >= 400 && status < 500 && status !== 409 && !mayRefuse(code),
  );
  if (refusal !== undefined && !mayFail) yield ["other", `refused with ${refusal.status}`];
}

/** Whether the session was linked to this number at any time while the message was on its way. */
function mayComeFrom({ member, text, startedAt, number }: SendRequest, from: string): boolean {
  // It was under way, or sent, when the session was linked to another number.
  const bound = member.earlier.find(({ texts }) => texts.has(text));
  if (bound !== undefined) return from === bound.number;
  if (from === number || from === member.owner.number) return true;
  return member.earlier.some((link) => link.number === from && link.until >= startedAt);
}

function describe({ request: { text, key, answers }, rows, arrived }: Sent): string {
  const summary = answers
    .map(({ status, code, message }) => `${status} ${code ?? message?.status ?? ""}`.trim())
    .slice(-4)
    .join(", ");
  const states = rows.map((row) => `${row.status} ${row.error?.code ?? ""}`.trim()).join();
  return `${text}${key === undefined ? "" : " (key)"} [answers ${summary}; history ${states}; at the phone ${arrived.length}]`;
}

/** Sends one after the other, and queued rows, arrive in their order. */
function checkOrder(sendRequests: SendRequest[], phones: PhoneLists): Violation[] {
  const violations: Violation[] = [];
  const byText = new Map(sendRequests.map((request) => [request.text, request]));
  for (const [number, messages] of phones) {
    const arrived = messages
      .filter(({ direction }) => direction === "in")
      .flatMap(({ text }) => byText.get(text) ?? [])
      .filter(({ to }) => to === number);
    for (const [member, requests] of Map.groupBy(arrived, (request) => request.member)) {
      violations.push(...checkChat(member, requests));
    }
  }
  return violations;
}

function checkChat(member: Member, arrived: SendRequest[]): Violation[] {
  const isQueued = ({ queuedId }: SendRequest) => queuedId !== undefined;
  const queued = arrived.filter(isQueued);
  const rowIds = queued.map(({ queuedId = "" }) => queuedId).toSorted();
  const misordered = [
    ...findMisordered(queued, ({ queuedId = "" }) => rowIds.indexOf(queuedId)),
    ...findOvertaken(
      arrived.filter((request) => !isQueued(request)),
      ({ startedAt, answers }) => ({
        startedAt,
        endedAt: answers.find(({ status }) => status === 201)?.answeredAt,
      }),
    ),
  ];
  return misordered.map(({ text, to }) => ({
    kind: "misordered",
    detail: `${text} from ${member.sessionId} to ${to} arrived out of order`,
  }));
}
