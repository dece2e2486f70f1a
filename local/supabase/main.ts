import pino from "pino";
import { z } from "zod";
import { startSupabase } from "./start-supabase.ts";

const configSchema = z.object({
  DATABASE_URL: z.url({ protocol: /^postgres(ql)?$/ }),
  PORT: z.coerce.number().int().min(0).max(65_535).default(54_321),
  JWT_SECRET: z.string().min(32, "must have at least 32 characters"),
  STORAGE_DIR: z.string().min(1),
  LOG_LEVEL: z.string().default("info"),
});

const config = configSchema.safeParse(process.env);
if (!config.success) {
  for (const issue of config.error.issues) {
    process.stderr.write(`${issue.path.join(".")}: ${issue.message}\n`);
  }
  process.exit(1);
}

const log = pino({ name: "supabase", level: config.data.LOG_LEVEL }, pino.destination(2));
const supabase = await startSupabase({
  databaseUrl: config.data.DATABASE_URL,
  port: config.data.PORT,
  jwtSecret: config.data.JWT_SECRET,
  storageDir: config.data.STORAGE_DIR,
  log,
});
process.stdout.write(`${JSON.stringify({ ready: true, ...supabase })}\n`);

let stopping = false;
for (const signal of ["SIGTERM", "SIGINT"] as const) {
  process.on(signal, () => {
    if (stopping) process.exit(1);
    stopping = true;
    supabase.stop().then(
      () => process.exit(0),
      (error: unknown) => {
        log.error({ err: error }, "stop failed");
        process.exit(1);
      },
    );
  });
}
