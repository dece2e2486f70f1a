/**
 * The database as supabase-js sees it. The names and types come from database.types.ts, which
 * `npm run gen:types` generates from supabase/migrations. This file only narrows what PostgreSQL
 * cannot express: check constraints as unions, the shape of JSON, and which columns of views and
 * function results are null.
 */
import type { Database as Generated, Json } from "./database.types.ts";
import type { Event } from "./event.ts";
import type { Media } from "./media.ts";
import type { Message, MessageStatus } from "./message.ts";
import type {
  Bulk,
  EffectiveQueueSettings,
  QueueCursor,
  QueueDefaults,
  QueueEntry,
  QueuePage,
  QueueSettings,
} from "./queue.ts";
import type { Stats } from "./stats.ts";
import type { Scope } from "./scope.ts";
import type { Disconnect, Network, Session, SessionState } from "./session.ts";

type Tables = Generated["public"]["Tables"];
type Views = Generated["public"]["Views"];
type Functions = Generated["public"]["Functions"];

/** What a value of type Base may be narrowed to. The generator never marks results as nullable. */
type NarrowerThan<Base> = Json extends Base ? unknown : Base | null;

/** Replaces the types of some columns. It fails to compile if one is unknown or incompatible. */
type Narrow<
  Row,
  Columns extends {
    [Name in keyof Columns]: Name extends keyof Row ? NarrowerThan<Row[Name]> : never;
  },
> = { [Name in keyof Row]: Name extends keyof Columns ? Columns[Name] : Row[Name] };

/** A view whose rows have (at least) the columns of Row. */
type View<
  Name extends keyof Views,
  Row extends {
    [Column in keyof Row]: Column extends keyof Views[Name]["Row"]
      ? NarrowerThan<Views[Name]["Row"][Column]>
      : never;
  },
> = { Row: Row; Relationships: Views[Name]["Relationships"] };

type Args<Name extends keyof Functions> = Functions[Name]["Args"];
type ResultRow<Name extends keyof Functions> = Functions[Name]["Returns"] extends (infer Row)[]
  ? Row
  : never;

type ApiKeyRow = Narrow<Tables["api_keys"]["Row"], { network: Network; scopes: Scope[] }>;

type DesiredState = "connected" | "disconnected";

export type SessionResource = Session & { uid: string; tenant_id: string };

export type MessageResource = Message & { session_uid: string; tenant_id: string };

export type Authenticated = Narrow<
  ResultRow<"authenticate">,
  {
    network: Network;
    scopes: Scope[];
    session_ids: string[] | null;
    expires_at: string | null;
  }
>;

export type ClaimedSession = Narrow<
  ResultRow<"claim_sessions">,
  {
    network: Network;
    state: SessionState;
    phone: string | null;
    lid: string | null;
    /** Base64 of the encrypted credentials; null for a session that was never paired. */
    ciphertext: string | null;
  }
>;

/** The next message of a session's queue; it may be sent in `due_in_ms`, negative when it is late. */
export type QueuedMessage = {
  uid: string;
  id: string;
  chat_id: string;
  type: string;
  message: string | null;
  media: Media | null;
  /** Base64 of the encoded WhatsApp message of a file; null for a text, and until it is due. */
  content: string | null;
  attempts: number;
  max_retries: number;
  interval_ms: number;
  due_in_ms: number;
};

/** What the queues of a connector's sessions hold. */
export type DripHeads = {
  heads: QueuedMessage[];
  /** Null without connected sessions. */
  poll_interval_ms: number | null;
  /** When the next scheduled message enters a queue. */
  scheduled_in_ms: number | null;
};

/** A message without an ack. */
export type InFlightMessage = {
  id: string;
  wa_message_id: string;
  chat_id: string;
  /** Base64 of the encoded WhatsApp message. */
  content: string;
  media: Media | null;
  source: "api" | "queue";
  attempts: number;
  resends: number;
  /** Null where the default of the installation holds. */
  max_retries: number | null;
};

/** A received file that is not stored yet. */
export type MediaDownload = {
  id: string;
  wa_message_id: string;
  chat_id: string;
  participant: string | null;
  direction: "in" | "out";
  /** Base64 of the decrypted WhatsApp message. */
  content: string;
  media: Media;
  attempts: number;
  due_in_ms: number;
  /** Whether the event of the message waits for the file. */
  is_held: boolean;
};

export type LocatedSession = Narrow<
  ResultRow<"locate_session">,
  {
    network: Network;
    state: SessionState;
    desired: DesiredState;
    qr: string | null;
    qr_expires_at: string | null;
    pairing_code: string | null;
    pairing_code_expires_at: string | null;
    last_disconnect: Disconnect | null;
    connector_id: string | null;
    connector_url: string | null;
    connector_instance: string | null;
  }
>;

/** A stored secret of a session: its credentials, or a Signal key. */
export type StaleAuthRow = { uid: string; type: string; id: string; ciphertext: string };

/** One page of secrets; `rows` are those to encrypt anew. */
export type StaleAuth = {
  rows: StaleAuthRow[];
  last: { uid: string; type?: string; id?: string } | null;
  seen: number;
};

type DeliveryRow = Tables["webhook_deliveries"]["Row"];

export type DeliveryStatus = "pending" | "delivered" | "dead";

/** An entry of the delivery log. */
export type DeliveryResource = Omit<DeliveryRow, "event_id" | "status"> & {
  event_id: string;
  status: DeliveryStatus;
};

/** What came of one attempt to deliver an event. */
type Outcome = Pick<DeliveryRow, "status_code" | "error" | "response" | "duration_ms"> & {
  status: DeliveryStatus;
  retry_in_ms: number | null;
};

export type AttemptResult = Outcome & Pick<DeliveryRow, "event_seq" | "event_id" | "event_type">;

export type RetryResult = Outcome & { id: string; attempt: number };

/** On the first call of a reader, which does not know the cursor yet, the seqs are null. */
export type AdvanceRequest = Narrow<
  Args<"advance_endpoint">,
  {
    from_seq: number | null;
    to_seq: number | null;
    read_after: number | null;
    results: AttemptResult[];
    retry_results: RetryResult[];
  }
>;

export type EndpointProgress = {
  tenant_id: string;
  url: string;
  /** As stored: see WebhookSecrets. */
  secret: string;
  former_secret: string | null;
  enabled: boolean;
  failures: number;
  cursor_seq: number;
  /** The last event of the tenant. */
  last_seq: number;
  /** Up to here, `events` are all that the endpoint receives. */
  read_to: number;
  events: Event[];
  /** `event` is null when it is past its retention. */
  retries: { id: string; attempt: number; event: Event | null }[];
  next_retry_at: string | null;
};

/** The topic of a tenant's hub, the tenant's last event, and the webhook endpoints that receive it. */
export type HubNotification = {
  topic: string;
  tenant_id: string;
  seq: number;
  endpoints: string[];
};

type NarrowedFunctions = {
  rotate_api_key: { Args: Args<"rotate_api_key">; Returns: ApiKeyRow[] };
  authenticate: { Args: Args<"authenticate">; Returns: Authenticated[] };
  create_session: {
    Args: Narrow<Args<"create_session">, { description: string | null; network: Network }>;
    Returns: SessionResource[];
  };
  locate_session: { Args: Args<"locate_session">; Returns: LocatedSession[] };
  set_session_desired: {
    Args: Narrow<Args<"set_session_desired">, { desired: DesiredState }>;
    Returns: boolean;
  };
  advance_endpoint: { Args: AdvanceRequest; Returns: EndpointProgress | null };
  event_heads: { Args: Args<"event_heads">; Returns: { tenant_id: string; last_seq: number }[] };
  tenant_stats: { Args: Args<"tenant_stats">; Returns: Stats };
  find_idempotent: {
    Args: Args<"find_idempotent">;
    Returns: { request_hash: string; message: Message } | null;
  };
  register_connector: {
    Args: Narrow<Args<"register_connector">, { instance: string | null; networks: Network[] }>;
    Returns: undefined;
  };
  claim_sessions: { Args: Args<"claim_sessions">; Returns: ClaimedSession[] };
  list_owned_sessions: {
    Args: Args<"list_owned_sessions">;
    Returns: { uid: string; epoch: number; desired: DesiredState; desired_version: number }[];
  };
  plan_hand_over: {
    Args: Args<"plan_hand_over">;
    Returns: { connector_id: string; sessions: number } | null;
  };
  load_signal_keys: {
    Args: Args<"load_signal_keys">;
    Returns: { id: string; ciphertext: string }[];
  };
  stale_auth: {
    Args: Narrow<Args<"stale_auth">, { kind: "credentials" | "keys"; after: StaleAuth["last"] }>;
    Returns: StaleAuth;
  };
  load_message_content: { Args: Args<"load_message_content">; Returns: string | null };
  load_in_flight: {
    Args: Args<"load_in_flight">;
    Returns: InFlightMessage[];
  };
  message_page: {
    Args: Narrow<
      Args<"message_page">,
      {
        session_uid: string | null;
        chat_id: string | null;
        status: MessageStatus | null;
        direction: "in" | "out" | null;
        from_id: string | null;
        before_id: string | null;
        after_id: string | null;
        session_ids?: string[] | null;
      }
    >;
    Returns: { data: Message[]; next: string | null };
  };
  load_media_downloads: { Args: Args<"load_media_downloads">; Returns: MediaDownload[] };
  release_overdue_events: {
    Args: Args<"release_overdue_events">;
    Returns: HubNotification[];
  };
  media_to_remove: { Args: Args<"media_to_remove">; Returns: string[] };
  queue_message: {
    Args: Narrow<Args<"queue_message">, { item: Record<string, unknown>; defaults: QueueDefaults }>;
    Returns:
      | { outcome: "created" | "replayed"; message: Message; queue: QueueEntry | null }
      | { outcome: "mismatch" }
      | { outcome: "not_found" };
  };
  cancel_message: {
    Args: Args<"cancel_message">;
    Returns: { outcome: "cancelled" | "not_queued"; message: Message } | { outcome: "not_found" };
  };
  queue_page: {
    Args: Narrow<Args<"queue_page">, { after: QueueCursor | null; defaults: QueueDefaults }>;
    Returns: QueuePage | null;
  };
  queue_bulk: {
    Args: Narrow<Args<"queue_bulk">, { bulk: Record<string, unknown>; defaults: QueueDefaults }>;
    Returns:
      | { outcome: "created" | "replayed"; bulk: Bulk; last: QueueEntry | null }
      | { outcome: "mismatch" }
      | { outcome: "not_found" };
  };
  find_bulk: { Args: Args<"find_bulk">; Returns: Bulk | null };
  cancel_bulk: { Args: Args<"cancel_bulk">; Returns: Bulk | null };
  change_queue_settings: {
    Args: Narrow<
      Args<"change_queue_settings">,
      { changes: Partial<QueueSettings>; defaults: QueueDefaults }
    >;
    Returns: { settings: QueueSettings; effective: EffectiveQueueSettings } | null;
  };
  load_drip_heads: {
    Args: Narrow<Args<"load_drip_heads">, { defaults: QueueDefaults }>;
    Returns: DripHeads;
  };
  commit_writes: {
    Args: Narrow<Args<"commit_writes">, { writes: Record<string, unknown> }>;
    Returns: { stale: string[]; results: unknown[]; notifications: HubNotification[] };
  };
};

export type Database = {
  public: {
    Tables: Omit<Tables, "api_keys" | "webhook_endpoints"> & {
      api_keys: Omit<Tables["api_keys"], "Row"> & {
        Row: ApiKeyRow;
      };
      webhook_endpoints: Omit<Tables["webhook_endpoints"], "Row"> & {
        Row: Narrow<
          Tables["webhook_endpoints"]["Row"],
          { disabled_reason: "gone" | "failing" | null }
        >;
      };
    };
    Views: {
      session_resources: View<"session_resources", SessionResource>;
      message_resources: View<"message_resources", MessageResource>;
      event_resources: View<"event_resources", Event>;
      webhook_delivery_resources: View<"webhook_delivery_resources", DeliveryResource>;
    };
    Functions: Omit<Functions, keyof NarrowedFunctions> & NarrowedFunctions;
  };
};
