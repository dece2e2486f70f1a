export interface Usage {
  /** Since the process started, user and system. */
  cpuMs: number;
  residentBytes: number;
  heapUsedBytes: number;
}

export function ownUsage(): Usage {
  const { user, system } = process.cpuUsage();
  const { rss, heapUsed } = process.memoryUsage();
  return { cpuMs: (user + system) / 1000, residentBytes: rss, heapUsedBytes: heapUsed };
}

/** What a connector says of itself at /metrics. */
export async function connectorUsage(url: string): Promise<Usage> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const value = (name: string) => {
    const found = new RegExp(`^${name} (\\S+)$`, "m").exec(text)?.[1];
    if (found === undefined) throw new Error(`The connector's metrics lack ${name}`);
    return Number(found);
  };
  return {
    cpuMs: value("process_cpu_seconds_total") * 1000,
    residentBytes: value("process_resident_memory_bytes"),
    heapUsedBytes: value("nodejs_heap_size_used_bytes"),
  };
}
