import { REALTIME_SUBSCRIBE_STATES } from "@supabase/supabase-js";
import { z } from "zod";
import type { Supabase } from "../database/supabase.ts";
import type { Log } from "../log/log.ts";

const notificationSchema = z.object({ session_uid: z.string().nullable() });

/**
 * Listens for notifications of changed sessions. They may be lost, so the connector also polls; after
 * every (re)connection one notification for all sessions stands for those that were missed.
 */
export function listenForNotifications({
  supabase,
  log,
  onNotification,
}: {
  supabase: Supabase;
  log: Log;
  onNotification: (sessionUid: string | null) => void;
}): { isListening: () => boolean; stop: () => Promise<void> } {
  let listening = false;
  let stopped = false;
  const channel = supabase
    .channel("connectors", { config: { private: true } })
    .on("broadcast", { event: "changed" }, ({ payload }: { payload: unknown }) => {
      const notification = notificationSchema.safeParse(payload);
      onNotification(notification.success ? notification.data.session_uid : null);
    });

  // Without this the first join carries no token.
  supabase.realtime
    .setAuth()
    .then(() => {
      if (stopped) return;
      channel.subscribe((status) => {
        listening = status === REALTIME_SUBSCRIBE_STATES.SUBSCRIBED;
        log.debug({ event: "realtime", status }, "realtime");
        if (listening) onNotification(null);
      });
    })
    .catch((error: unknown) =>
      log.warn({ event: "realtime_failed", err: error }, "realtime failed"),
    );

  return {
    isListening: () => listening,
    stop: async () => {
      stopped = true;
      await supabase.removeAllChannels();
      await supabase.realtime.disconnect();
    },
  };
}
