import { useEffect, useState } from "react";

const pollMs = 1_500;

export interface Pairing {
  tenant_name: string;
  state: string;
  /** The QR code as a data URL; null while there is none to scan. */
  image: string | null;
  problem: string | null;
  redirect_url: string | null;
}

/** The pairing as the server sees it, kept current until the session is connected. */
export function usePairing(path: string): { pairing: Pairing | undefined; isExpired: boolean } {
  const [pairing, setPairing] = useState<Pairing>();
  const [isExpired, setIsExpired] = useState(false);
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let isOpen = true;
    const poll = async () => {
      const next = await readPairing(path);
      if (!isOpen) return;
      if (next === "expired") {
        setIsExpired(true);
        return;
      }
      if (next !== undefined) setPairing(next);
      if (next?.state !== "connected") timer = setTimeout(() => void poll(), pollMs);
    };
    void poll();
    return () => {
      isOpen = false;
      clearTimeout(timer);
    };
  }, [path]);
  return { pairing, isExpired };
}

/** Undefined when the server cannot be reached: the next attempt may succeed. */
async function readPairing(path: string): Promise<Pairing | "expired" | undefined> {
  try {
    const response = await fetch(`${path}/state`);
    if (response.status === 404) return "expired";
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- our own server's answer
    return response.ok ? ((await response.json()) as Pairing) : undefined;
  } catch {
    return undefined;
  }
}
