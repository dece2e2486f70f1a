import { setTimeout as sleep } from "node:timers/promises";
import { type Environment, linkedDevices, type Member } from "./environment.ts";
import type { Traffic } from "./traffic/traffic.ts";

const pollMs = 100;
/** A send every so often, whether or not the ones before were answered; less often with many. */
const sendEveryMs = { least: 500, perMember: 100 };

/**
 * Sends through every session until each has answered one with 201 and its device is online.
 * Returns the seconds since then, in milliseconds since the epoch; undefined after the timeout.
 */
export async function untilRecovered(
  { members }: Environment,
  traffic: Traffic,
  { since, timeoutMs }: { since: number; timeoutMs: number },
): Promise<number | undefined> {
  const deadline = Date.now() + timeoutMs;
  const everyMs = Math.max(sendEveryMs.least, members.length * sendEveryMs.perMember);
  const times = await Promise.all(
    members.map((member) => untilMemberRecovered(member, traffic, { deadline, everyMs })),
  );
  if (times.includes(undefined)) return undefined;
  return Math.max(...times.map((time) => ((time ?? 0) - since) / 1000));
}

async function untilMemberRecovered(
  member: Member,
  traffic: Traffic,
  { deadline, everyMs }: { deadline: number; everyMs: number },
): Promise<number | undefined> {
  let sentAt = 0;
  let recoveredAt: number | undefined;
  while (Date.now() < deadline) {
    if (recoveredAt === undefined && Date.now() - sentAt >= everyMs) {
      sentAt = Date.now();
      void traffic.send(member, { key: true }).then(({ answers }) => {
        const accepted = answers.find(({ status }) => status === 201);
        if (accepted !== undefined) recoveredAt ??= accepted.answeredAt;
      });
    }
    if (recoveredAt !== undefined && (await isOnline(member))) {
      return Math.max(recoveredAt, Date.now() - pollMs);
    }
    await sleep(pollMs);
  }
  return undefined;
}

async function isOnline({ owner, deviceId }: Member): Promise<boolean> {
  const devices = await linkedDevices(owner).catch(() => []);
  return devices.find(({ id }) => id === deviceId)?.online ?? false;
}
