import type { Environment } from "../environment.ts";
import type { Traffic } from "../traffic/traffic.ts";
import { checkDeliveries } from "./deliveries.ts";
import { checkEvents } from "./events.ts";
import { readEvents, readHistory, readPhones } from "./read-state.ts";
import { checkReceived } from "./received.ts";
import { checkSends, type SendRules } from "./sends.ts";
import { checkSessions } from "./sessions.ts";
import type { Violation } from "./violation.ts";

export interface JudgeRules extends SendRules {
  /** Whether a tenant's webhook must get every event: not when its receiver refuses them for good. */
  expectsDeliveries: (tenantIndex: number) => boolean;
}

/** Every promise that is broken at this moment; empty when all are kept. */
export async function judge(
  environment: Environment,
  traffic: Traffic,
  rules: JudgeRules,
): Promise<Violation[]> {
  const phones = await readPhones(environment);
  const violations = await checkSessions(environment);
  for (const [index, { tenant, receiver, reader }] of environment.customers.entries()) {
    const history = await readHistory(tenant);
    const events = await readEvents(environment, tenant);
    const sendRequests = traffic.sendRequests.filter(({ member }) => member.tenant === tenant);
    violations.push(
      ...checkSends({ sendRequests, history, phones }, rules),
      ...checkReceived({ environment, tenant, history, events, phones, traffic }),
      ...checkEvents(events, reader.seqs()),
      ...(rules.expectsDeliveries(index) ? checkDeliveries(events, receiver.arrivals) : []),
    );
  }
  return violations;
}
