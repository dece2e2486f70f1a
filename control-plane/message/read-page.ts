import type { Message } from "../../shared/message.ts";
import { unwrap } from "../database/unwrap.ts";
import type { DatabaseClient } from "../database/connect.ts";
import { decodeCursor, toPage } from "../http/list.ts";
import { messageFilter, type MessageQuery } from "./filter.ts";
import { messageColumns } from "./resource.ts";

/** One page of the messages of a tenant or of one session. Ids sort by time. */
export async function readPage(
  database: DatabaseClient,
  scope: { tenantId: string; sessionUid?: string },
  query: MessageQuery,
): Promise<{ data: Message[]; next_cursor: string | null }> {
  const filter = messageFilter(query);
  if (filter.nothing) return { data: [], next_cursor: null };

  const ascending = query.order === "asc";
  let page = database
    .from("message_resources")
    .select(messageColumns)
    .eq("tenant_id", scope.tenantId)
    .order("id", { ascending })
    .range(query.offset, query.offset + query.limit);
  if (scope.sessionUid !== undefined) page = page.eq("session_uid", scope.sessionUid);
  if (filter.chatId !== undefined) page = page.eq("chat_id", filter.chatId);
  if (filter.status !== undefined) page = page.eq("status", filter.status);
  if (filter.outgoing) page = page.eq("direction", "out");
  if (filter.fromId !== undefined) page = page.gte("id", filter.fromId);
  if (filter.beforeId !== undefined) page = page.lt("id", filter.beforeId);
  if (query.cursor !== undefined) {
    const last = decodeCursor(query.cursor);
    page = ascending ? page.gt("id", last) : page.lt("id", last);
  }
  return toPage<Message>(await unwrap(page), { limit: query.limit, idOf: (row) => row.id });
}
