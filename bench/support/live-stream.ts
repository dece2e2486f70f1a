import { createParser } from "eventsource-parser";
import type { Tenant } from "../../tests/support/api.ts";

/** Opens a tenant's event stream; tells each event's type, number and when it was here. */
export async function openLiveStream(
  tenant: Tenant,
  onEvent: (event: { type: string; seq: number; data: string }, arrivedAt: number) => void,
): Promise<{ close(): void }> {
  const abort = new AbortController();
  const response = await fetch(`${tenant.url}/tenant/events/stream`, {
    headers: { ...tenant.headers, accept: "text/event-stream" },
    signal: abort.signal,
  });
  if (response.status !== 200 || response.body === null) {
    throw new Error(`No stream: ${response.status} ${await response.text()}`);
  }
  let arrivedAt = 0;
  const parser = createParser({
    onEvent: ({ event, id, data }) =>
      onEvent({ type: event ?? "", seq: Number(id), data }, arrivedAt),
  });
  const decoder = new TextDecoder();
  void (async () => {
    for await (const chunk of response.body ?? []) {
      arrivedAt = performance.now();
      parser.feed(decoder.decode(chunk, { stream: true }));
    }
  })().catch(() => {}); // Closing the stream ends the loop with an error.
  return { close: () => abort.abort() };
}
