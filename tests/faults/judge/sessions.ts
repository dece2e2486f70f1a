import type { Session } from "../../../shared/session.ts";
import { type Environment, linkedDevices } from "../environment.ts";
import type { Violation } from "./violation.ts";

/** Every session is connected, as the same device of the same phone as before. */
export async function checkSessions({ members }: Environment): Promise<Violation[]> {
  const violations: Violation[] = [];
  for (const { tenant, sessionId, owner, deviceId } of members) {
    const { body } = await tenant.get<Session>(`/session/${sessionId}/status`);
    if (body.state !== "connected") {
      violations.push({ kind: "stuck", detail: `${sessionId} is ${body.state}, not connected` });
    }
    const devices = await linkedDevices(owner);
    if (devices.length !== 1 || devices[0]?.id !== deviceId) {
      const found = JSON.stringify(devices);
      violations.push({ kind: "other", detail: `${sessionId} is another device now: ${found}` });
    }
  }
  return violations;
}
