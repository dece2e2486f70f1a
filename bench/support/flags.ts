import { parseArgs } from "node:util";
import { z } from "zod";

/** `--name N` for each of these, with its default; `--help` tells them and ends. */
export function readFlags<Defaults extends Record<string, number>>(
  about: string,
  defaults: Defaults,
): { [Name in keyof Defaults]: number } {
  const names = Object.keys(defaults);
  const schema = z.object(
    Object.fromEntries(
      Object.entries(defaults).map(([name, value]) => [
        name,
        z.coerce.number().int().min(0).default(value),
      ]),
    ),
  );
  const { values } = parseArgs({
    options: {
      help: { type: "boolean" },
      ...Object.fromEntries(names.map((name) => [name, { type: "string" as const }])),
    },
  });
  if (values["help"] === true) {
    const flags = Object.entries(defaults).map(([name, value]) => `  --${name} N (${value})\n`);
    process.stdout.write(`${about}\n${flags.join("")}`);
    process.exit(0);
  }
  return schema.parse(values) as { [Name in keyof Defaults]: number };
}
