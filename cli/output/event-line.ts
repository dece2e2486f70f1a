import type { WhatsAppEvent } from "../../client/index.ts";
import { printable } from "./printable.ts";

const maxTextLength = 80;

/** An event in one line: time, number, type, session and what it is about. */
export function eventLine(event: WhatsAppEvent): string {
  const time = event.timestamp.slice(11, 19);
  const parts = [time, `#${event.seq}`, event.type, event.session_id ?? "-", about(event)];
  return parts.filter(Boolean).join("  ");
}

function about(event: WhatsAppEvent): string {
  const data: Record<string, unknown> = { ...event.data };
  const text = (name: string) => (typeof data[name] === "string" ? data[name] : "");
  if (event.type.startsWith("message.")) {
    return printable(`${text("from")} → ${text("to")}: ${short(text("text") || text("type"))}`);
  }
  return printable(text("reason") || text("phone") || text("url"));
}

function short(text: string): string {
  return text.length > maxTextLength ? `${text.slice(0, maxTextLength)}…` : text;
}
