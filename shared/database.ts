/**
 * The part of the database schema that is used through supabase-js, as its client's generic
 * wants it. The SQL in supabase/migrations is the source; the names and shapes here follow it.
 */
import type { Disconnect, Network, SessionState } from "./session.ts";
import type { Message } from "./message.ts";
import type { Event } from "./event.ts";

/** A row without relations: what supabase-js needs to know of a table or view. */
interface Readable<Row> {
  Row: Row & Record<string, unknown>;
  Relationships: [];
}
interface Writable<Row, Required extends keyof Row> extends Readable<Row> {
  Insert: Pick<Row, Required> & Partial<Row>;
  Update: Partial<Row>;
}
interface Callable<Args, Returns> {
  Args: Args;
  Returns: Returns;
}

export type TenantRow = {
  tenant_id: string;
  name: string;
  api_key: string | null;
  webhook_url: string | null;
  webhook_secret: string | null;
  rate_limit_per_minute: number;
  send_interval_ms: number;
  cors_origins: string[];
  created_at: string;
  updated_at: string;
};

export type ApiKeyRow = {
  id: string;
  tenant_id: string;
  name: string;
  network: Network;
  key_hash: string;
  key_prefix: string;
  created_at: string;
  expires_at: string | null;
  revoked_at: string | null;
};

export type WebhookEndpointRow = {
  id: string;
  tenant_id: string;
  url: string;
  secret: string;
  events: string[] | null;
  enabled: boolean;
  is_default: boolean;
  created_at: string;
};

export type SessionResource = {
  uid: string;
  tenant_id: string;
  session_id: string;
  name: string;
  description: string | null;
  state: SessionState;
  network: Network;
  phone: string | null;
  lid: string | null;
  connected_at: string | null;
  last_disconnect: Disconnect | null;
  created_at: string;
};

export type MessageResource = Message & { tenant_id: string; session_uid: string };

export type ClaimedSession = {
  uid: string;
  tenant_id: string;
  session_id: string;
  network: Network;
  epoch: number;
  state: SessionState;
  phone: string | null;
  lid: string | null;
  /** Base64 of the encrypted credentials; null for a session that was never paired. */
  ciphertext: string | null;
};

/** The next message of a session's queue. */
export type QueuedMessage = {
  uid: string;
  id: string;
  chat_id: string;
  type: string;
  message: string | null;
  /** How often it was tried before. */
  attempts: number;
  send_interval_ms: number;
  /** Until the session may send it; 0 is now. */
  due_in_ms: number;
};

export type LocatedSession = {
  uid: string;
  network: Network;
  state: SessionState;
  desired: "connected" | "disconnected";
  qr: string | null;
  qr_expires_at: string | null;
  pairing_code: string | null;
  pairing_code_expires_at: string | null;
  connector_id: string | null;
  connector_url: string | null;
  connector_instance: string | null;
};

export type ClaimedDelivery = {
  id: string;
  tenant_id: string;
  endpoint_id: string;
  url: string;
  secret: string;
  attempt: number;
  event: Event;
};

export type DeliveryResult = {
  id: string;
  attempt: number;
  status: "delivered" | "pending" | "dead";
  status_code: number | null;
  error: string | null;
  next_attempt_at: string | null;
};

export type Authenticated = {
  key_id: string;
  tenant_id: string;
  network: Network;
  expires_at: string | null;
  rate_limit_per_minute: number;
  cors_origins: string[];
};

export type Database = {
  public: {
    Tables: {
      tenants: Writable<TenantRow, "tenant_id" | "name">;
      api_keys: Writable<ApiKeyRow, "tenant_id" | "network" | "key_hash" | "key_prefix">;
      webhook_endpoints: Writable<WebhookEndpointRow, "tenant_id" | "url" | "secret">;
    };
    Views: {
      session_resources: Readable<SessionResource>;
      message_resources: Readable<MessageResource>;
      event_resources: Readable<Event>;
    };
    Functions: {
      authenticate: Callable<{ key_hash: string }, Authenticated[]>;
      create_session: Callable<
        {
          tenant_id: string;
          session_id: string;
          name: string;
          description: string | null;
          network: Network;
        },
        SessionResource[]
      >;
      locate_session: Callable<{ tenant_id: string; session_id: string }, LocatedSession[]>;
      set_session_desired: Callable<
        { tenant_id: string; session_id: string; desired: "connected" | "disconnected" },
        boolean
      >;
      delete_session: Callable<{ tenant_id: string; session_id: string }, boolean>;
      event_heads: Callable<{ tenant_ids: string[] }, { tenant_id: string; last_seq: number }[]>;
      claim_deliveries: Callable<
        {
          buckets: number[];
          max_deliveries: number;
          lease_ms: number;
          max_per_endpoint?: number;
          busy_endpoints?: string[];
        },
        ClaimedDelivery[]
      >;
      finish_deliveries: Callable<{ results: DeliveryResult[] }, undefined>;
      next_delivery_at: Callable<{ buckets: number[] }, string | null>;
      count_live_connectors: Callable<Record<string, never>, number>;
      count_api_calls: Callable<
        { counts: { tenant_id: string; minute: string; calls: number }[] },
        undefined
      >;
      find_idempotent: Callable<
        { tenant_id: string; key: string },
        { request_hash: string; message: Message } | null
      >;
      register_connector: Callable<
        {
          connector_id: string;
          url: string;
          instance: string | null;
          networks: Network[];
          capacity: number;
          lease_ms: number;
        },
        undefined
      >;
      renew_lease: Callable<{ connector_id: string; lease_ms: number }, boolean>;
      deregister_connector: Callable<{ connector_id: string }, undefined>;
      claim_sessions: Callable<{ connector_id: string; max_sessions: number }, ClaimedSession[]>;
      list_owned_sessions: Callable<
        { connector_id: string },
        { uid: string; epoch: number; desired: "connected" | "disconnected" }[]
      >;
      release_sessions: Callable<{ connector_id: string; session_uids: string[] }, undefined>;
      load_signal_keys: Callable<
        { session_uid: string; type: string; ids: string[] },
        { id: string; ciphertext: string }[]
      >;
      load_message_content: Callable<{ session_uid: string; wa_message_id: string }, string | null>;
      load_in_flight: Callable<
        { session_uid: string },
        {
          id: string;
          wa_message_id: string;
          chat_id: string;
          content: string;
          source: "api" | "queue";
          attempts: number;
        }[]
      >;
      load_drip_heads: Callable<{ connector_id: string }, QueuedMessage[]>;
      commit_writes: Callable<
        { connector_id: string; writes: Record<string, unknown> },
        { stale: string[]; results: unknown[] }
      >;
    };
  };
};
