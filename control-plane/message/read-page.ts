import type { Message } from "../../shared/message.ts";
import { unwrap } from "../database/unwrap.ts";
import { decodeCursor, encodeCursor } from "../http/list.ts";
import type { Services } from "../services.ts";
import { idFloor, type MessageQuery } from "./filter.ts";

/** One page of the messages of a tenant or of one session. Ids sort by time. */
export async function readPage(
  { database, fileLinks }: Pick<Services, "database" | "fileLinks">,
  scope: { tenantId: string; sessionUid?: string; sessionIds?: readonly string[] | null },
  query: MessageQuery,
): Promise<{ data: Message[]; next_cursor: string | null }> {
  if (matchesNothing(query)) return { data: [], next_cursor: null };
  const { data, next } = await unwrap(
    database.rpc("message_page", {
      tenant_id: scope.tenantId,
      session_uid: scope.sessionUid ?? null,
      chat_id: query.chat ?? null,
      status: query.status ?? null,
      direction: query.direction ?? null,
      from_id: query.since === undefined ? null : idFloor(Date.parse(query.since)),
      before_id: query.until === undefined ? null : idFloor(Date.parse(query.until)),
      after_id: query.cursor === undefined ? null : decodeCursor(query.cursor),
      ascending: query.order === "asc",
      page_limit: query.limit,
      page_offset: query.offset,
      session_ids: scope.sessionIds == null ? null : [...scope.sessionIds],
    }),
  );
  const linked = data.map((message) => fileLinks.inMessage(scope.tenantId, message));
  return {
    data: await Promise.all(linked),
    next_cursor: next === null ? null : encodeCursor(next),
  };
}

/** Incoming messages are always RECEIVED, and outgoing ones never are. */
function matchesNothing({ direction, status }: MessageQuery): boolean {
  if (direction === undefined || status === undefined) return false;
  return (direction === "in") !== (status === "RECEIVED");
}
