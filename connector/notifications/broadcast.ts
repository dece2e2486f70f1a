import type { HubNotification } from "../../shared/database.ts";

const timeoutMs = 3000;

/**
 * Broadcasts over the HTTP API of Realtime, which takes many messages in one request and stores
 * none. Rejects when Realtime does not accept them within 3 s.
 */
export function createBroadcast({ url, key }: { url: string; key: string }) {
  const endpoint = new URL("realtime/v1/api/broadcast", url.endsWith("/") ? url : `${url}/`);
  const headers = {
    apikey: key,
    authorization: `Bearer ${key}`,
    "content-type": "application/json",
  };
  return async (notifications: HubNotification[]): Promise<void> => {
    const messages = notifications.map(({ topic, ...payload }) => ({
      topic,
      event: "changed",
      payload,
      private: true,
    }));
    const response = await fetch(endpoint, {
      method: "POST",
      headers,
      body: JSON.stringify({ messages }),
      signal: AbortSignal.timeout(timeoutMs),
    });
    await response.body?.cancel();
    if (!response.ok) throw new Error(`Realtime refused a broadcast with ${response.status}`);
  };
}
