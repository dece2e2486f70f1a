import { REALTIME_SUBSCRIBE_STATES, type RealtimeChannel } from "@supabase/supabase-js";
import { z } from "zod";
import type { Supabase } from "../database/supabase.ts";
import type { Log } from "../log/log.ts";

const notificationSchema = z.object({ session_uid: z.string().nullable() });

/** Every connector listens here, for sessions without an owner. */
const sharedTopic = "connectors";

export interface Notifications {
  isListening: () => boolean;
  /** Also listens for the sessions of this connector, and no longer for those of a former id. */
  listenFor: (connectorId: string) => void;
  stop: () => Promise<void>;
}

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
}): Notifications {
  const joined = new Set<RealtimeChannel>();
  let stopped = false;
  let own: RealtimeChannel | undefined;
  // Without this the first join carries no token.
  const authorized = supabase.realtime.setAuth();

  function join(topic: string): RealtimeChannel {
    const channel = supabase
      .channel(topic, { config: { private: true } })
      .on("broadcast", { event: "changed" }, ({ payload }: { payload: unknown }) => {
        const notification = notificationSchema.safeParse(payload);
        onNotification(notification.success ? notification.data.session_uid : null);
      });
    authorized
      .then(() => {
        if (stopped) return;
        channel.subscribe((status) => {
          log.debug({ event: "realtime", topic, status }, "realtime");
          if (status !== REALTIME_SUBSCRIBE_STATES.SUBSCRIBED) joined.delete(channel);
          else {
            joined.add(channel);
            onNotification(null);
          }
        });
      })
      .catch((error: unknown) =>
        log.warn({ event: "realtime_failed", err: error }, "realtime failed"),
      );
    return channel;
  }

  const shared = join(sharedTopic);
  return {
    isListening: () => joined.has(shared) && (own === undefined || joined.has(own)),
    listenFor: (connectorId) => {
      const former = own;
      own = join(`connector:${connectorId}`);
      if (former === undefined) return;
      joined.delete(former);
      supabase
        .removeChannel(former)
        .catch((error: unknown) =>
          log.debug({ event: "realtime_failed", err: error }, "could not leave a channel"),
        );
    },
    stop: async () => {
      stopped = true;
      await supabase.removeAllChannels();
      await supabase.realtime.disconnect();
    },
  };
}
