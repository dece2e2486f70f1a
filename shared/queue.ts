import { z } from "zod";
import type { Message } from "./message.ts";

/** The settings of a queue, at each of three levels: session, tenant, installation. */
export const queueSettingsSchema = z.object({
  send_interval_ms: z.number().int().min(0).max(86_400_000),
  max_messages_per_minute: z.number().int().min(1).max(60_000),
  poll_interval_ms: z.number().int().min(1000).max(3_600_000),
  max_retries: z.number().int().min(0).max(20),
});

/** The settings of one level. Null leaves a setting to the next one. */
export type QueueSettings = {
  [Name in keyof z.infer<typeof queueSettingsSchema>]: number | null;
};

/** What holds for a session after all levels. */
export type EffectiveQueueSettings = {
  interval_ms: number;
  poll_interval_ms: number;
  max_retries: number;
};

/** A message in the queue: when it goes, if nothing changes. */
export const queueEntrySchema = z.object({
  /** 1 is next; null while it waits for its send_at. */
  position: z.number().int().nullable(),
  /** Null while nothing is sent from the queue. */
  estimated_send_at: z.string().nullable(),
  send_at: z.string().nullable(),
  expires_at: z.string().nullable(),
  priority: z.number().int(),
});
export type QueueEntry = z.infer<typeof queueEntrySchema>;

/** The last entry of a page. */
export type QueueCursor =
  | { priority: number; id: string; ahead: number }
  | { send_at: string; id: string };

/** A page of a session's queue, and its state. */
export type QueuePage = {
  length: number;
  scheduled: number;
  paused: boolean;
  paused_reason: "requested" | "session_not_connected" | null;
  paused_at: string | null;
  interval_ms: number;
  data: { message: Message; queue: QueueEntry }[];
  next: QueueCursor | null;
};

/** A request to send one text to many recipients. */
export const bulkSchema = z.object({
  id: z.string(),
  session_id: z.string(),
  total: z.number().int(),
  by_status: z.record(z.string(), z.number().int()),
  /** Whether none is left that is queued or on its way. */
  done: z.boolean(),
  created_at: z.string(),
  cancelled_at: z.string().nullable(),
});
export type Bulk = z.infer<typeof bulkSchema>;

type Pace = { send_interval_ms: number | null; max_messages_per_minute: number | null };

/** The settings of the installation, for whatever sessions and tenants leave open. */
export type QueueDefaults = Pace & { poll_interval_ms: number; max_retries: number };

const { shape } = queueSettingsSchema;
const number = z.coerce.number();

/** The variables of both the control plane and the connector. */
export const queueVariables = {
  QUEUE_SEND_INTERVAL_MS: number.pipe(shape.send_interval_ms).optional(),
  QUEUE_MAX_MESSAGES_PER_MINUTE: number.pipe(shape.max_messages_per_minute).optional(),
  QUEUE_POLL_INTERVAL_MS: number.pipe(shape.poll_interval_ms).default(10_000),
  QUEUE_MAX_RETRIES: number.pipe(shape.max_retries).default(3),
};
const variablesSchema = z.object(queueVariables);

/** 3 messages a minute, unless the operator says otherwise. */
const defaultSendIntervalMs = 20_000;

export function queueDefaultsOf(variables: z.infer<typeof variablesSchema>): QueueDefaults {
  const perMinute = variables.QUEUE_MAX_MESSAGES_PER_MINUTE;
  const intervalMs = variables.QUEUE_SEND_INTERVAL_MS;
  return {
    send_interval_ms: intervalMs ?? (perMinute === undefined ? defaultSendIntervalMs : null),
    max_messages_per_minute: perMinute ?? null,
    poll_interval_ms: variables.QUEUE_POLL_INTERVAL_MS,
    max_retries: variables.QUEUE_MAX_RETRIES,
  };
}

/** Null when this level leaves the pace to the next one. As queue_interval_ms in SQL. */
export function intervalMsOf({ send_interval_ms, max_messages_per_minute }: Pace): number | null {
  if (send_interval_ms === null && max_messages_per_minute === null) return null;
  const ofRate = max_messages_per_minute === null ? 0 : Math.ceil(60_000 / max_messages_per_minute);
  return Math.max(send_interval_ms ?? 0, ofRate);
}

const riskyIntervalMs = 6000;

/** What the caller should know about this pace; null when there is nothing. */
export function paceWarning(intervalMs: number | null): string | null {
  if (intervalMs === null || intervalMs >= riskyIntervalMs) return null;
  return "More than 10 messages a minute: WhatsApp may take the number for a spammer and ban it. Set send_interval_ms to 6000 or more.";
}
