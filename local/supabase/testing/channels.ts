import type { RealtimeChannel } from "@supabase/supabase-js";
import { onTestFinished } from "vitest";

/** Everything a channel heard, and a way to wait for the next thing without polling the clock. */
export function inbox<T>() {
  const heard: T[] = [];
  let wake = () => {};
  return {
    heard,
    add: (item: T) => {
      heard.push(item);
      wake();
    },
    until: async (count: number): Promise<T[]> => {
      while (heard.length < count) await new Promise<void>((resolve) => (wake = resolve));
      return heard;
    },
  };
}

/** The channel once it is subscribed, until the test is over. @throws what refused it. */
export async function joined(channel: RealtimeChannel): Promise<RealtimeChannel> {
  await new Promise<void>((resolve, reject) => {
    channel.subscribe((status: string, error) => {
      if (status === "SUBSCRIBED") resolve();
      else reject(error ?? new Error(status));
    });
  });
  onTestFinished(() => void channel.unsubscribe());
  return channel;
}
