import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { textMark } from "./traffic.ts";
import type { World } from "./world.ts";

/** Log lines that no component may ever write. */
const disasters =
  /unhandled|uncaught|(?<!")TypeError: (?!fetch failed)|ReferenceError|RangeError|"level":(60|"fatal")/i;
const keyMaterial = /privKey|PRIVATE KEY|rootKey"?:|"noiseKey"/;

/** Lines that tell of a crash or give a secret away, without what is secret. */
export async function judgeLogs(world: World): Promise<string[]> {
  const { addresses } = world.stack;
  const secrets: [string, string][] = [
    ["the admin key", addresses.adminKey],
    ["the service key", addresses.supabaseServiceKey],
    ["an API key", addresses.apiKey],
    ["a text", textMark],
    ...world.customers.map(({ tenant }): [string, string] => ["an API key", tenant.key]),
    ...[...world.contacts, ...world.members.map(({ owner }) => owner)].map(
      ({ number }): [string, string] => ["a phone number", number],
    ),
  ];
  const wrong: string[] = [];
  for (const file of await readdir(world.logDir)) {
    const lines = (await readFile(join(world.logDir, file), "utf8")).split("\n");
    for (const line of lines) {
      const leaked = secrets.find(([, secret]) => line.includes(secret));
      if (leaked !== undefined) wrong.push(`${file} gives ${leaked[0]} away`);
      if (keyMaterial.test(line)) wrong.push(`${file} gives key material away`);
      if (disasters.test(line)) wrong.push(`${file}: ${line.slice(0, 600)}`);
    }
  }
  return [...new Set(wrong), ...world.crashes];
}
