import { cp } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { createEnvironment, defaultEnvironment, type Environment } from "./environment.ts";
import { checkBystander } from "./judge/bystander.ts";
import { judge, type JudgeRules } from "./judge/judge.ts";
import { checkLogs } from "./judge/logs.ts";
import { readEvents } from "./judge/read-state.ts";
import { watchReportedHealth } from "./judge/reported-health.ts";
import type { Violation } from "./judge/violation.ts";
import { untilRecovered } from "./recovery.ts";
import type { Scenario } from "./scenario.ts";
import { defaultTraffic, startTraffic, type Traffic } from "./traffic/traffic.ts";

export interface RunResult {
  messages: { out: number; in: number };
  violations: Violation[];
  /** Undefined when the sessions did not work again in time. */
  recoverySeconds: number | undefined;
  /** Figures to print beside the table. */
  notes: string[];
}

/** The first message between two numbers costs more than those that follow. */
const warmUpMs = 2500;
/** How long the usual speed of the second tenant is measured, where it matters. */
const baselineMs = 4000;
const afterRecoveryMs = 1000;
const recoveryTimeoutMs = 60_000;
const settleMs = 90_000;
const makeRetriesDueEveryMs = 4000;

/** Runs one scenario on a stack of its own. */
export async function runScenario(
  scenario: Scenario,
  options: { seed: number; keepLogsIn?: string | undefined },
): Promise<RunResult> {
  const environment = await createEnvironment({
    ...defaultEnvironment,
    seed: options.seed,
    ...scenario.environment,
  });
  try {
    return await runIn(environment, scenario);
  } finally {
    if (options.keepLogsIn !== undefined) {
      await cp(environment.logDir, options.keepLogsIn, { recursive: true });
    }
    await environment.stop();
  }
}

async function runIn(environment: Environment, scenario: Scenario): Promise<RunResult> {
  const traffic = startTraffic(environment, { ...defaultTraffic, ...scenario.traffic });
  const reportedHealth = watchReportedHealth(environment);
  await sleep(warmUpMs);
  const warmAt = Date.now();
  if (scenario.sparesSecondTenant === true) await sleep(baselineMs);
  const faultAt = Date.now();
  const failedAt = await scenario.fault({ environment, traffic });
  const overAt = Date.now();
  const recoverySeconds = await untilRecovered(environment, traffic, {
    since: failedAt ?? overAt,
    timeoutMs: recoveryTimeoutMs,
  });
  const recoveredAt = Date.now();
  await sleep(afterRecoveryMs);
  await traffic.stop();
  const kept = await waitUntilKept(environment, traffic, scenario);
  await reportedHealth.stop();

  const violations = [
    ...kept,
    ...reportedHealth.falseReports,
    ...(await checkLogs(environment, { kills: scenario.kills })),
    ...checkRecovery(scenario, recoverySeconds),
    ...(scenario.noneRefused === true
      ? checkRefused(traffic, { from: faultAt, to: recoveredAt })
      : []),
  ];
  const notes: string[] = [];
  const second = environment.customers[1];
  if (scenario.sparesSecondTenant === true && second !== undefined) {
    const bystander = checkBystander({
      customer: second,
      sendRequests: traffic.sendRequests.filter(({ member }) => member.tenant === second.tenant),
      events: await readEvents(environment, second.tenant),
      before: { from: warmAt, to: faultAt },
      during: { from: faultAt, to: overAt },
    });
    violations.push(...bystander.violations);
    notes.push(bystander.summary);
  }
  return {
    messages: { out: traffic.sendRequests.length, in: traffic.phoneMessages.length },
    violations,
    recoverySeconds,
    notes,
  };
}

/** Judges until no promise is broken or the time is up; returns the violations that remain. */
export async function waitUntilKept(
  environment: Environment,
  traffic: Traffic,
  scenario: Partial<Scenario> = {},
): Promise<Violation[]> {
  const rules: JudgeRules = {
    mayFail: scenario.mayFail ?? [],
    mayRefuse: scenario.mayRefuse ?? [],
    expectsDeliveries: (tenant) => tenant > 0 || scenario.losesDeliveriesOfFirstTenant !== true,
  };
  const deadline = Date.now() + settleMs;
  let retriesDueAt = Date.now() + makeRetriesDueEveryMs;
  for (;;) {
    const violations = await judge(environment, traffic, rules);
    if (violations.every(isFinal) || Date.now() > deadline) return violations;
    if (Date.now() > retriesDueAt) {
      await makeRetriesDue(environment);
      retriesDueAt += makeRetriesDueEveryMs;
    }
    await sleep(1000);
  }
}

/** Whether waiting cannot mend it. */
function isFinal({ kind }: Violation): boolean {
  return kind === "doubled" || kind === "misordered" || kind === "wrong sender";
}

/** Webhook retries wait for up to five minutes; here they become due at once. */
async function makeRetriesDue({ pool }: Environment): Promise<void> {
  await pool.query(
    `with due as (
       update webhook_deliveries set next_attempt_at = now()
         where status = 'pending' and next_attempt_at > now() + interval '15 s'
         returning tenant_id, endpoint_id
     )
     select notify_hub(tenant_id, 0, array_agg(distinct endpoint_id), true)
       from due group by tenant_id`,
  );
}

function checkRecovery(scenario: Scenario, seconds: number | undefined): Violation[] {
  if (seconds === undefined) {
    const detail = `a session did not work again within ${recoveryTimeoutMs / 1000} s`;
    return [{ kind: "stuck", detail }];
  }
  const limit = scenario.recoverWithinSeconds ?? Infinity;
  if (seconds <= limit) return [];
  const detail = `it took ${seconds.toFixed(1)} s until all sessions worked, more than ${limit} s`;
  return [{ kind: "other", detail }];
}

function checkRefused(
  { sendRequests }: Traffic,
  { from, to }: { from: number; to: number },
): Violation[] {
  return sendRequests
    .filter(({ startedAt }) => startedAt >= from && startedAt < to)
    .flatMap(({ text, answers }) => {
      const refused = answers.find(({ status }) => status === 0 || status >= 400);
      if (refused === undefined) return [];
      const detail = `${text}: refused with ${refused.status} ${refused.code ?? ""}`;
      return [{ kind: "other", detail }];
    });
}
