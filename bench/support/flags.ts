import { parseArgs } from "node:util";
import { z } from "zod";

/** The count that a bench takes by default, and the one for a short run with --quick. */
type Defaults = Record<string, { usual: number; quick: number; about: string }>;

export type Flags<Counts extends Defaults> = { [Name in keyof Counts]: number } & {
  /** The directory of another checkout of the product, measured in the same run. */
  compare: string | undefined;
};

/** Reads `--name N` for each count, --quick and --compare; prints them and exits on --help. */
export function readFlags<Counts extends Defaults>(about: string, counts: Counts): Flags<Counts> {
  const { values } = parseArgs({
    options: {
      ...Object.fromEntries(Object.keys(counts).map((name) => [name, { type: "string" as const }])),
      help: { type: "boolean" },
      quick: { type: "boolean" },
      compare: { type: "string" },
    },
  });
  if (values.help === true) {
    process.stdout.write(helpText(about, counts));
    process.exit(0);
  }
  const schema = z.object({
    ...Object.fromEntries(
      Object.entries(counts).map(([name, { usual, quick }]) => [
        name,
        z.coerce
          .number()
          .int()
          .min(0)
          .default(values.quick === true ? quick : usual),
      ]),
    ),
    compare: z.string().optional(),
  });
  return schema.parse(values) as Flags<Counts>;
}

function helpText(about: string, counts: Defaults): string {
  const lines: [flag: string, meaning: string][] = [
    ...Object.entries(counts).map(([name, { usual, about }]): [string, string] => [
      `--${name} N`,
      `${about} (${usual})`,
    ]),
    ["--quick", "small counts, to try the bench itself"],
    ["--compare DIR", "measure the product of this checkout as well"],
  ];
  const width = Math.max(...lines.map(([flag]) => flag.length));
  return `${about}\n\n${lines
    .map(([flag, meaning]) => `  ${flag.padEnd(width)}  ${meaning}\n`)
    .join("")}`;
}
