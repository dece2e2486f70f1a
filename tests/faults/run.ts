import { join } from "node:path";
import { inspect, parseArgs } from "node:util";
import { runScenario, type RunResult } from "./run-scenario.ts";
import { allScenarios } from "./scenarios/all.ts";
import { formatTable, type Row } from "./table.ts";

const help = `npm run test:faults -- [options]

  --runs N       how often each scenario runs (default 1)
  --only TEXT    only scenarios whose name contains this text; may be repeated
  --sessions N   how many sessions a connector has that is killed or stopped with many, and how
                 many phones link (default 20)
  --seed N       another sequence of random traffic
  --logs DIR     keep the logs of each run there
  --list         print the names of the scenarios`;

const shownViolations = 12;

const { values } = parseArgs({
  options: {
    runs: { type: "string", default: "1" },
    only: { type: "string", multiple: true, default: [] },
    sessions: { type: "string", default: "20" },
    seed: { type: "string", default: "7" },
    logs: { type: "string" },
    list: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});
const scenarios = allScenarios({ sessions: Number(values.sessions) }).filter(
  ({ name }) => values.only.length === 0 || values.only.some((text) => name.includes(text)),
);
if (values.help) process.stdout.write(`${help}\n`);
else if (values.list) process.stdout.write(`${scenarios.map(({ name }) => name).join("\n")}\n`);
else await run();

async function run(): Promise<void> {
  const rows: Row[] = scenarios.map(({ name }) => ({ name, results: [] }));
  for (let index = 0; index < Number(values.runs); index += 1) {
    for (const [place, scenario] of scenarios.entries()) {
      const startedAt = performance.now();
      const result = await runScenario(scenario, {
        seed: Number(values.seed) + index,
        keepLogsIn: values.logs && join(values.logs, `${place + 1}-run-${index + 1}`),
      }).catch(failedRun);
      rows[place]?.results.push(result);
      report(scenario.name, result, (performance.now() - startedAt) / 1000);
    }
  }
  process.stdout.write(`${formatTable(rows)}\n`);
  const isBroken = rows.some(({ results }) => results.some((one) => one.violations.length > 0));
  process.exit(isBroken || rows.length === 0 ? 1 : 0);
}

/** A run that could not be carried out counts as a broken promise, too. */
function failedRun(error: unknown): RunResult {
  return {
    messages: { out: 0, in: 0 },
    violations: [{ kind: "other", detail: `the run failed: ${inspect(error)}` }],
    recoverySeconds: undefined,
    notes: [],
  };
}

/** Progress, and what was broken, while the rest still runs. */
function report(name: string, { violations, recoverySeconds, notes }: RunResult, seconds: number) {
  const outcome = violations.length === 0 ? "kept" : `${violations.length} broken promises`;
  const recovered = recoverySeconds === undefined ? "never" : `in ${recoverySeconds.toFixed(1)} s`;
  const lines = [
    `${name}: ${outcome}, recovered ${recovered}; the run took ${seconds.toFixed(0)} s`,
    ...notes,
    ...violations.slice(0, shownViolations).map(({ kind, detail }) => `${kind}: ${detail}`),
    ...(violations.length > shownViolations
      ? [`and ${violations.length - shownViolations} more`]
      : []),
  ];
  process.stderr.write(`${lines.join("\n  ")}\n`);
}
