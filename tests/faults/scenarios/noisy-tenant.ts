import { setTimeout as sleep } from "node:timers/promises";
import type { Scenario } from "../scenario.ts";

const noisySessions = 40;
/** A generous limit, in requests a minute; what is beyond is refused with 429. */
const rateLimit = 1200;
const noiseMs = 8000;
/** After a refusal; without it the senders themselves would take the CPU of everybody. */
const refusedPauseMs = 100;

/** Every session of the first tenant sends as fast as it can; the second tenant must not notice. */
export const noisyTenant: Scenario = {
  name: `${noisySessions} sessions of one tenant send without a pause`,
  environment: { sessions: [noisySessions, 2] },
  traffic: { pauseMs: 4000, queue: false },
  sparesSecondTenant: true,
  mayRefuse: ["rate_limited"],
  async fault({ environment, traffic }) {
    const [first] = environment.customers;
    if (first === undefined) throw new Error("No tenant");
    await environment.pool.query(
      "update tenants set rate_limit_per_minute = $1 where tenant_id = $2",
      [rateLimit, first.tenant.id],
    );
    const over = new AbortController();
    const loops = environment.members
      .filter(({ tenant }) => tenant === first.tenant)
      .map(async (member) => {
        while (!over.signal.aborted) {
          const { answers } = await traffic.send(member);
          if (answers[0]?.status !== 201) await sleep(refusedPauseMs);
        }
      });
    await sleep(noiseMs);
    over.abort();
    await Promise.all(loops);
    await environment.pool.query(
      "update tenants set rate_limit_per_minute = 10000 where tenant_id = $1",
      [first.tenant.id],
    );
  },
};
