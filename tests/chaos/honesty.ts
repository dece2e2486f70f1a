import { setTimeout as sleep } from "node:timers/promises";
import type { Session } from "../../shared/session.ts";
import { linkedDevices, type Member, type World } from "./world.ts";

/** The lease of a dead connector, and a few seconds for the rest. */
const lieMs = 15_000 + 5_000;
const everyMs = 400;

/** Watches that no session is said to be connected for long while its device has no line. */
export function watchHonesty(world: World): { lies: string[]; stop(): Promise<void> } {
  const lies: string[] = [];
  const over = new AbortController();

  async function watch(member: Member): Promise<void> {
    let since: number | undefined;
    while (!over.signal.aborted) {
      await sleep(everyMs);
      const says = await saysConnected(member);
      const is = await isOnline(member);
      // Who cannot be asked says nothing.
      if (says === undefined || is === undefined) continue;
      if (!says || is) {
        since = undefined;
        continue;
      }
      since ??= Date.now();
      if (Date.now() - since > lieMs) {
        lies.push(`${member.tenant.id}/${member.sessionId} is said to be connected and is not`);
        since = undefined;
      }
    }
  }
  const watches = world.members.map(watch);
  return {
    lies,
    async stop() {
      over.abort();
      await Promise.all(watches);
    },
  };
}

async function saysConnected({ tenant, sessionId }: Member): Promise<boolean | undefined> {
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
