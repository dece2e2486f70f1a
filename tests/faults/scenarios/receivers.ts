import { setTimeout as sleep } from "node:timers/promises";
import { addWebhook } from "../environment.ts";
import { type ReceiverBehaviour, startReceiver } from "../receiver.ts";
import type { Scenario } from "../scenario.ts";

/** Longer than one attempt of a delivery, which ends after 12 s. */
const beyondAttemptMs = 14_000;
const shortMs = 6000;
const hangingEndpoints = 100;

/** The first tenant's receivers fail; the second tenant must not notice. */
export const receiversFail: Scenario[] = [
  failing("receiver hangs", { kind: "hang" }),
  failing("receiver's answer never ends", { kind: "endless" }),
  failing("receiver answers 500", { kind: "status", status: 500 }),
  {
    ...failing("receiver answers 410", { kind: "status", status: 410 }),
    losesDeliveriesOfFirstTenant: true,
  },
  {
    name: `${hangingEndpoints} receivers of one tenant hang`,
    sparesSecondTenant: true,
    async fault({ environment }) {
      const [first] = environment.customers;
      if (first === undefined) throw new Error("No tenant");
      await environment.pool.query(
        "update tenants set max_webhook_endpoints = $1 where tenant_id = $2",
        [hangingEndpoints + 1, first.tenant.id],
      );
      const hanging = await startReceiver(environment.random.fork(), { kind: "hang" });
      for (let index = 0; index < hangingEndpoints; index += 1) {
        await addWebhook(environment, first.tenant, `${hanging.url}/${index}`);
      }
      await sleep(beyondAttemptMs);
      await hanging.stop();
      await environment.pool.query(
        "delete from webhook_endpoints where tenant_id = $1 and url like $2",
        [first.tenant.id, `${hanging.url}/%`],
      );
    },
  },
];

function failing(name: string, behaviour: ReceiverBehaviour): Scenario {
  return {
    name,
    sparesSecondTenant: true,
    async fault({ environment }) {
      const [first] = environment.customers;
      first?.receiver.behave(behaviour);
      await sleep(behaviour.kind === "hang" ? beyondAttemptMs : shortMs);
      if (behaviour.kind !== "status" || behaviour.status !== 410) {
        first?.receiver.behave({ kind: "accept" });
      }
    },
  };
}
