import { createParser } from "eventsource-parser";
import type { Tenant } from "../../tests/support/api.ts";

/** Opens a tenant's event stream. `onEvent` gets the JSON of each event and when it arrived. */
export async function openLiveStream(
  tenant: Tenant,
  onEvent: (event: string, arrivedAt: number) => void,
): Promise<{ close(): void }> {
  const abort = new AbortController();
  const response = await fetch(`${tenant.url}/tenant/events/stream`, {
    headers: { ...tenant.headers, accept: "text/event-stream" },
    signal: abort.signal,
  });
  if (response.status !== 200 || response.body === null) {
    throw new Error(`The event stream was refused: ${response.status} ${await response.text()}`);
  }
  let arrivedAt = 0;
  const parser = createParser({
    onEvent: ({ data }) => onEvent(data, arrivedAt),
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
