import type { Message } from "../../shared/message.ts";
import type { Session } from "../../shared/session.ts";

export type { Event } from "../../shared/event.ts";
export type { Stats } from "../../shared/stats.ts";
export type { Message, Session };

export interface Page<Item> {
  data: Item[];
  next_cursor: string | null;
}

export interface SignedIn {
  role: "tenant" | "admin";
  tenant_id: string | null;
  csrf_token: string;
  /** Whether there is a sandbox with simulated phones. */
  has_phones: boolean;
}

export interface Endpoint {
  id: string;
  url: string;
  events: string[] | null;
  enabled: boolean;
  failing_since: string | null;
  disabled_reason: string | null;
}

export interface Delivery {
  id: string;
  endpoint_id: string;
  event_type: string;
  event_seq: number;
  status: "pending" | "delivered" | "dead";
  attempts: number;
  status_code: number | null;
  error: string | null;
  response: string | null;
  duration_ms: number | null;
  created_at: string;
}

export interface Health {
  version: string;
  checks: Record<string, { status: string; [figure: string]: string | number | null }>;
}

/** A phone of the sandbox. */
export interface Phone {
  phone: string;
  name: string;
  linked_devices: { id: number; name: string; online: boolean }[];
}

/** A message as a simulated phone shows it. */
export interface PhoneMessage {
  id: string;
  direction: "in" | "out";
  from: string;
  to: string;
  type: string;
  text: string | null;
  timestamp: string;
  status: string;
}

export interface Tenant {
  tenant_id: string;
  name: string;
  status: string;
  created_at: string;
}
