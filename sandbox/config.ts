import { z } from "zod";

const schema = z.object({
  PORT: z.coerce.number().int().min(0).max(65_535).default(3100),
  SANDBOX_HOST: z.string().min(1).default("127.0.0.1"),
  SANDBOX_DATA: z
    .string()
    .optional()
    .transform((directory) => directory || undefined),
  LOG_LEVEL: z.enum(["trace", "debug", "info", "warn", "error", "fatal", "silent"]).default("info"),
});

const flags = {
  "--port": "PORT",
  "--host": "SANDBOX_HOST",
  "--data": "SANDBOX_DATA",
} as const satisfies Record<string, keyof z.input<typeof schema>>;

export interface SandboxConfig {
  port: number;
  host: string;
  dataDir: string | undefined;
  logLevel: string;
  json: boolean;
}

/** Flags override environment variables. Throws an error with one readable line per mistake. */
export function parseConfig(
  environment: Record<string, string | undefined>,
  commandLine: readonly string[],
): SandboxConfig {
  const values = { ...environment };
  const mistakes: string[] = [];
  let json = false;
  for (let index = 0; index < commandLine.length; index += 1) {
    const flag = commandLine[index] ?? "";
    const name = Object.entries(flags).find(([known]) => known === flag)?.[1];
    if (flag === "--json") json = true;
    else if (name) values[name] = commandLine[(index += 1)];
    else mistakes.push(`${flag}: unknown flag. Use --json, ${Object.keys(flags).join(", ")}.`);
  }
  const result = schema.safeParse(values);
  for (const { path, message } of result.error?.issues ?? []) {
    mistakes.push(`${path.join(".")}: ${message}`);
  }
  if (!result.success || mistakes.length > 0) throw new Error(mistakes.join("\n"));
  const { PORT, SANDBOX_HOST, SANDBOX_DATA, LOG_LEVEL } = result.data;
  return { port: PORT, host: SANDBOX_HOST, dataDir: SANDBOX_DATA, logLevel: LOG_LEVEL, json };
}
