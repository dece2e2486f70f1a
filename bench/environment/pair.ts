import { addPhone, type Phone } from "../../tests/support/phone.ts";
import { type Load, runLoad } from "../support/load.ts";
import type { Gateway } from "../support/gateway.ts";
import type { Environment } from "./environment.ts";

export interface Pairing extends Load {
  /** The phone numbers of the sessions, in their order. */
  numbers: string[];
}

export function sessionName(index: number): string {
  return `s${String(index).padStart(4, "0")}`;
}

/** Pairs the sessions of these numbers: `latencies` are from the scan to the webhook that it is connected. */
export async function pairSessions(
  { sandbox, receiver }: Pick<Environment, "sandbox" | "receiver">,
  gateway: Gateway,
  { from, to, batch }: { from: number; to: number; batch: number },
): Promise<Pairing> {
  const scannedAt = new Map<string, number>();
  const phones: Phone[] = [];
  const { seconds } = await runLoad({
    total: to - from,
    concurrency: batch,
    one: async (index) => {
      const sessionId = sessionName(from + index);
      const phone = await addPhone(sandbox.url, "Owner");
      phones[index] = phone;
      const qr = await gateway.createSession(sessionId);
      scannedAt.set(sessionId, performance.timeOrigin + performance.now());
      const { status } = await phone.post("/scan", { qr });
      if (status >= 300) throw new Error(`The phone could not scan the QR: ${status}`);
      await receiver.waitForAll({
        endpoint: gateway.column,
        event: "session.connected",
        prefix: sessionId,
        count: 1,
      });
    },
  });
  const arrivals = await receiver.waitForAll({
    endpoint: gateway.column,
    event: "session.connected",
    prefix: "s",
    count: to,
  });
  const latencies = [...scannedAt].map(([id, at]) => (arrivals.get(id) ?? Number.NaN) - at);
  return { latencies, seconds, numbers: phones.map(({ number }) => number) };
}
