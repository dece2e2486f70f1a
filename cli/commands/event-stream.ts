import type { StreamOptions, WhatsAppClient, WhatsAppEvent } from "../../client/index.ts";
import { messageOf } from "../output/failure.ts";
import type { Output } from "../output/output.ts";

export interface StreamFilter {
  session?: string | undefined;
  /** Event types; `message.*` means all that begin so. */
  types?: string[] | undefined;
  since?: number | undefined;
}

/** The tenant's events as they happen, over dropped connections, with remarks about these. */
export async function* filteredEvents(
  client: WhatsAppClient,
  filter: StreamFilter,
  { output, ...options }: { output: Output; signal: AbortSignal } & StreamOptions,
): AsyncGenerator<WhatsAppEvent, void, undefined> {
  const stream = client.streamEvents({
    ...options,
    lastEventId: filter.since,
    onDrop(error) {
      output.note(`The connection was lost: ${messageOf(error)}. Connecting again ...`);
    },
  });
  for await (const event of stream) {
    if (matches(event, filter)) yield event;
  }
}

function matches(event: WhatsAppEvent, { session, types }: StreamFilter): boolean {
  if (session !== undefined && event.session_id !== session) return false;
  if (types === undefined || types.length === 0) return true;
  return types.some((type) =>
    type.endsWith("*") ? event.type.startsWith(type.slice(0, -1)) : event.type === type,
  );
}
