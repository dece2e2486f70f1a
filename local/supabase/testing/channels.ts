import type { RealtimeChannel } from "@supabase/supabase-js";
import { onTestFinished } from "vitest";

/** Collects messages of a channel, and waits until a number of them has arrived. */
export function inbox<T>() {
  const received: T[] = [];
  let wake = () => {};
  return {
    received,
    add: (item: T) => {
      received.push(item);
      wake();
    },
    waitFor: async (count: number): Promise<T[]> => {
      while (received.length < count) await new Promise<void>((resolve) => (wake = resolve));
      return received;
    },
  };
}

/** Subscribes the channel until the test is over. @throws the error of a denied subscription. */
export async function subscribe(channel: RealtimeChannel): Promise<RealtimeChannel> {
  await new Promise<void>((resolve, reject) => {
    channel.subscribe((status: string, error) => {
      if (status === "SUBSCRIBED") resolve();
      else reject(error ?? new Error(status));
    });
  });
  onTestFinished(() => void channel.unsubscribe());
  return channel;
}
