import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Environment } from "../environment.ts";
import { textMark } from "../traffic/traffic.ts";
import type { Violation } from "./violation.ts";

/** Log lines that no component may ever write. */
const crashLines =
  /unhandled|uncaught|(?<!")TypeError: (?!fetch failed)|ReferenceError|RangeError|"level":(60|"fatal")/i;
const keyMaterial = /privKey|PRIVATE KEY|rootKey"?:|"noiseKey"/;

/**
 * Log lines that show a crash or a secret; the secret itself is left out of the report. A crash of
 * the component that the scenario kills is none.
 */
export async function checkLogs(
  environment: Environment,
  { kills }: { kills?: string | undefined } = {},
): Promise<Violation[]> {
  const { addresses } = environment.stack;
  const secrets: [string, string][] = [
    ["the admin key", addresses.adminKey],
    ["the service key", addresses.supabaseServiceKey],
    ["an API key", addresses.apiKey],
    ["a text", textMark],
    ...environment.customers.map(({ tenant }): [string, string] => ["an API key", tenant.key]),
    ...[...environment.contacts, ...environment.members.map(({ owner }) => owner)].map(
      ({ number }): [string, string] => ["a phone number", number],
    ),
  ];
  const violations: string[] = [];
  for (const file of await readdir(environment.logDir)) {
    const lines = (await readFile(join(environment.logDir, file), "utf8")).split("\n");
    for (const line of lines) {
      const leaked = secrets.find(([, secret]) => line.includes(secret));
      if (leaked !== undefined) violations.push(`${file} contains ${leaked[0]}`);
      if (keyMaterial.test(line)) violations.push(`${file} contains key material`);
      if (crashLines.test(line)) violations.push(`${file}: ${line.slice(0, 600)}`);
    }
  }
  const crashes = environment.crashes.filter(
    (line) => kills === undefined || !line.startsWith(kills),
  );
  return [...new Set(violations), ...crashes].map((detail) => ({ kind: "other", detail }));
}
