import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

/** `npm run bench -- [name [its flags]]`: one bench, or all of them after each other. */
const benches = ["start", "events", "history", "send", "sessions"];
const [asked, ...flags] = process.argv.slice(2);
if (asked !== undefined && !benches.includes(asked)) {
  process.stderr.write(`There is no such bench. There are: ${benches.join(", ")}\n`);
  process.exit(1);
}
for (const name of asked === undefined ? benches : [asked]) {
  const file = fileURLToPath(new URL(`${name}.ts`, import.meta.url));
  process.stdout.write(`\n${name}\n`);
  const { status } = spawnSync(process.execPath, [file, ...flags], { stdio: "inherit" });
  if (status !== 0) process.exit(status ?? 1);
}
