import type { Message } from "../../../shared/message.ts";
import { call, type Tenant } from "../../support/api.ts";
import type { PhoneMessage } from "../../support/phone.ts";
import type { Environment } from "../environment.ts";

export type StoredMessage = Pick<
  Message,
  "id" | "session_id" | "direction" | "text" | "status" | "wa_message_id" | "error"
> & { chat_id: string };

export interface StoredEvent {
  seq: number;
  id: string;
  type: string;
  /** Milliseconds since the epoch. */
  at: number;
  message_id: string | null;
  wa_message_id: string | null;
  session_id: string | null;
  chat_id: string | null;
  direction: string | null;
}

/** What every phone has sent and received, in its order. */
export type PhoneLists = Map<string, PhoneMessage[]>;

export async function readPhones(environment: Environment): Promise<PhoneLists> {
  const phones: PhoneLists = new Map();
  const { sandboxUrl } = environment.stack.addresses;
  const numbers = [
    ...environment.contacts.map(({ number }) => number),
    ...environment.members.flatMap(({ owner, earlier }) => [
      owner.number,
      ...earlier.map(({ number }) => number),
    ]),
  ];
  for (const number of numbers) {
    const { body } = await call<{ data: PhoneMessage[] }>(
      "GET",
      `${sandboxUrl}/phones/${number}/messages`,
    );
    phones.set(number, body.data);
  }
  return phones;
}

/** The whole history of a tenant, oldest first. */
export async function readHistory(tenant: Tenant): Promise<StoredMessage[]> {
  const history: StoredMessage[] = [];
  let cursor: string | null = "";
  while (cursor !== null) {
    const { body }: { body: { data: StoredMessage[]; next_cursor: string | null } } =
      await tenant.get(
        `/tenant/messages?limit=100${cursor === "" ? "" : `&cursor=${encodeURIComponent(cursor)}`}`,
      );
    history.push(...body.data);
    cursor = body.next_cursor;
  }
  return history.toReversed();
}

export async function readEvents({ pool }: Environment, tenant: Tenant): Promise<StoredEvent[]> {
  const { rows } = await pool.query<StoredEvent>(
    `select seq::int, id, type, session_id,
            (extract(epoch from "timestamp"::timestamptz) * 1000)::float8 as at,
            case when type like 'message.%' then data ->> 'id' end as message_id,
            data ->> 'wa_message_id' as wa_message_id, data ->> 'chat_id' as chat_id,
            data ->> 'direction' as direction
       from event_resources where tenant_id = $1 order by seq`,
    [tenant.id],
  );
  return rows;
}
