import { setTimeout as sleep } from "node:timers/promises";
import type { Session } from "../../../shared/session.ts";
import { linkedDevices, type Member, type Environment } from "../environment.ts";
import type { Violation } from "./violation.ts";

/** The lease of a dead connector, plus a few seconds to take its sessions over. */
const toleranceMs = 15_000 + 5_000;
const intervalMs = 400;

/** Records every session that is reported as connected for long while its device is offline. */
export function watchReportedHealth(environment: Environment): {
  falseReports: Violation[];
  stop(): Promise<void>;
} {
  const falseReports: Violation[] = [];
  const over = new AbortController();

  async function watch(member: Member): Promise<void> {
    let since: number | undefined;
    while (!over.signal.aborted) {
      await sleep(intervalMs);
      const says = await reportsConnected(member);
      const is = await isOnline(member);
      // One of the two did not answer: no statement either way.
      if (says === undefined || is === undefined) continue;
      if (!says || is) {
        since = undefined;
        continue;
      }
      since ??= Date.now();
      if (Date.now() - since > toleranceMs) {
        const detail = `${member.tenant.id}/${member.sessionId} is reported as connected and is not`;
        falseReports.push({ kind: "other", detail });
        since = undefined;
      }
    }
  }
  const watches = environment.members.map(watch);
  return {
    falseReports,
    async stop() {
      over.abort();
      await Promise.all(watches);
    },
  };
}

async function reportsConnected({ tenant, sessionId }: Member): Promise<boolean | undefined> {
  try {
    const { status, body } = await tenant.get<Session>(`/session/${sessionId}/status`);
    return status === 200 ? body.state === "connected" : undefined;
  } catch {
    return undefined;
  }
}

async function isOnline({ owner, deviceId }: Member): Promise<boolean | undefined> {
  try {
    return (await linkedDevices(owner)).find(({ id }) => id === deviceId)?.online ?? false;
  } catch {
    return undefined;
  }
}
