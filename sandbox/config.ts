import { z } from "zod";

/** An empty value is the same as none. */
const optionalText = z
  .string()
  .optional()
  .transform((text) => text || undefined);

const schema = z.object({
  PORT: z.coerce.number().int().min(0).max(65_535).default(3100),
  SANDBOX_HOST: z.string().min(1).default("127.0.0.1"),
  SANDBOX_MEDIA_HOST: optionalText,
  SANDBOX_DATA: optionalText,
  LOG_LEVEL: z.enum(["trace", "debug", "info", "warn", "error", "fatal", "silent"]).default("info"),
});

const flags = {
  "--port": "PORT",
  "--host": "SANDBOX_HOST",
  "--media-host": "SANDBOX_MEDIA_HOST",
  "--data": "SANDBOX_DATA",
} as const satisfies Record<string, keyof z.input<typeof schema>>;

export interface SandboxConfig {
  port: number;
  host: string;
  mediaHost: string | undefined;
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
  const { data } = result;
  return {
    port: data.PORT,
    host: data.SANDBOX_HOST,
    mediaHost: data.SANDBOX_MEDIA_HOST,
    dataDir: data.SANDBOX_DATA,
    logLevel: data.LOG_LEVEL,
    json,
  };
}
