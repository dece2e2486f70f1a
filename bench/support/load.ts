export interface Load {
  /** Milliseconds that each call took. */
  latencies: number[];
  seconds: number;
}

/** Calls `one` with 0, 1, 2... `total` times, `concurrency` at a time. */
export async function runLoad(input: {
  total: number;
  concurrency: number;
  one: (index: number) => Promise<unknown>;
}): Promise<Load> {
  const latencies: number[] = [];
  let next = 0;
  const startedAt = performance.now();
  const work = async () => {
    while (next < input.total) {
      const index = next++;
      const calledAt = performance.now();
      await input.one(index);
      latencies.push(performance.now() - calledAt);
    }
  };
  await Promise.all(Array.from({ length: input.concurrency }, work));
  return { latencies, seconds: (performance.now() - startedAt) / 1000 };
}
