import type { Environment, Member } from "../environment.ts";
import type { Traffic } from "../traffic/traffic.ts";
import type { Tenant } from "../../support/api.ts";
import { findMisordered } from "./order.ts";
import type { PhoneLists, StoredEvent, StoredMessage } from "./read-state.ts";
import type { Violation } from "./violation.ts";

/** What became of everything that contacts sent to one tenant's sessions. */
export function checkReceived(input: {
  environment: Environment;
  tenant: Tenant;
  history: StoredMessage[];
  events: StoredEvent[];
  phones: PhoneLists;
  traffic: Traffic;
}): Violation[] {
  const { environment, tenant, history, events, phones, traffic } = input;
  const violations: Violation[] = [];
  const report = (kind: Violation["kind"], detail: string) => violations.push({ kind, detail });
  const received = Map.groupBy(
    events.filter(({ type }) => type === "message.received"),
    ({ message_id }) => message_id ?? "",
  );
  for (const member of environment.members.filter((one) => one.tenant === tenant)) {
    const rows = history.filter(
      ({ direction, session_id }) => direction === "in" && session_id === member.sessionId,
    );
    const byText = Map.groupBy(rows, ({ text }) => text);
    for (const { number } of environment.contacts) {
      const sent = (phones.get(number) ?? []).filter(
        ({ direction, to }) => direction === "out" && wasLinkedTo(member, to),
      );
      for (const { text } of sent) {
        const stored = byText.get(text)?.length ?? 0;
        if (stored === 0) report("lost", `${text}: not in the history`);
        if (stored > 1) report("doubled", `${text}: ${stored} times in the history`);
      }
      const places = new Map(sent.map(({ text }, index) => [text, index]));
      const placeOf = (text: string | null) => places.get(text ?? "") ?? Infinity;
      const ofChat = rows.filter(({ text }) => places.has(text ?? ""));
      for (const { text } of findMisordered(ofChat, (row) => placeOf(row.text))) {
        report("misordered", `${text}: out of order in the history`);
      }
      const textOf = new Map(ofChat.map(({ id, text }) => [id, text]));
      const ofChatEvents = events.filter(
        ({ type, message_id }) => type === "message.received" && textOf.has(message_id ?? ""),
      );
      const eventPlace = (event: StoredEvent) =>
        placeOf(textOf.get(event.message_id ?? "") ?? null);
      for (const { seq } of findMisordered(ofChatEvents, eventPlace)) {
        report("misordered", `event ${seq}: message.received out of order`);
      }
    }
    for (const { id, text } of rows) {
      const count = received.get(id)?.length ?? 0;
      if (count === 0) report("lost", `${text}: no event message.received`);
      if (count > 1) report("doubled", `${text}: ${count} events message.received`);
    }
    for (const { text, id, to } of traffic.phoneMessages) {
      if (id === undefined || to !== member) continue;
      if (!byText.has(text)) report("lost", `${text}: said, and not in the history`);
    }
  }
  return dedupe(violations);
}

function wasLinkedTo({ owner, earlier }: Member, number: string): boolean {
  return owner.number === number || earlier.some((link) => link.number === number);
}

function dedupe(violations: Violation[]): Violation[] {
  const seen = new Set<string>();
  return violations.filter(({ kind, detail }) => {
    const key = `${kind} ${detail.split(":")[0]}`;
    return !seen.has(key) && seen.add(key) !== undefined;
  });
}
