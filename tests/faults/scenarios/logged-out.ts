import { setTimeout as sleep } from "node:timers/promises";
import { until, waitForState } from "../../support/api.ts";
import { addPhone } from "../../support/phone.ts";
import { type Environment, linkedDevices, type Member } from "../environment.ts";
import { countMessages, ownerOf } from "../owner.ts";
import type { Scenario } from "../scenario.ts";

const sendsUnderWay = 30;

/** The phone unlinks the device while sends are under way; another phone pairs the session. */
export const loggedOut: Scenario = {
  name: "log-out in mid-send, another phone pairs",
  mayFail: ["logged_out", "account_changed"],
  mayRefuse: ["session_not_connected"],
  async fault({ environment, traffic }) {
    const [member] = environment.members;
    if (member === undefined) throw new Error("No session");
    const { name } = await ownerOf(environment, member);
    // A phone without a linked device keeps what is sent to it to itself.
    traffic.hush(member);
    await sleep(500);

    const paths = environment.paths.between(name, "sandbox");
    for (const path of paths) path.hang();
    for (let index = 0; index < sendsUnderWay; index += 1) {
      void traffic.send(member, { key: index % 2 === 0 });
    }
    await until(
      () => countMessages(environment, member, "SENDING"),
      (count) => count >= sendsUnderWay / 2,
    );
    const texts = await textsOf(environment, member, { queued: true });
    await member.owner.delete(`/linked-devices/${member.deviceId}`);
    for (const path of paths) path.pass();
    await pairAnotherPhone(environment, member, texts);
    traffic.resume(member);
  },
};

/** `texts` may not leave from the next number. */
async function pairAnotherPhone(
  environment: Environment,
  member: Member,
  texts: string[],
): Promise<void> {
  const { tenant, sessionId } = member;
  const qr = await until(
    () => tenant.get<{ qr?: string }>(`/session/${sessionId}/qr`),
    ({ body }) => typeof body.qr === "string",
    30_000,
  );
  texts.push(...(await textsOf(environment, member, { queued: false })));
  const phone = await addPhone(environment.stack.addresses.sandboxUrl ?? "", "Another owner");
  const scanned = await phone.post("/scan", { qr: qr.body.qr });
  if (scanned.status >= 300) throw new Error(`Not scanned: ${JSON.stringify(scanned.body)}`);
  member.earlier.push({ number: member.owner.number, until: Date.now(), texts: new Set(texts) });
  member.owner = phone;
  await waitForState(tenant, sessionId, "connected");
  const [device] = await linkedDevices(phone);
  if (device !== undefined) member.deviceId = device.id;
}

/** What the session sent or has under way, with what is queued or without. */
async function textsOf(
  { pool }: Environment,
  { tenant, sessionId }: Member,
  { queued }: { queued: boolean },
): Promise<string[]> {
  const { rows } = await pool.query<{ message: string }>(
    `select message from messages
       where tenant_id = $1 and session_id = $2 and direction = 'out'
         and (status <> 'QUEUED' or $3)`,
    [tenant.id, sessionId, queued],
  );
  return rows.map(({ message }) => message);
}
