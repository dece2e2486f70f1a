import type { Command } from "commander";
import { isReadableByOthers, configPath } from "../config/config.ts";
import { connect, readConnection } from "../config/connection.ts";
import { type Io, outputOf, subcommand } from "../context.ts";
import { checkDeployment } from "../doctor/check-deployment.ts";
import { type Finding, ok, warning } from "../doctor/check.ts";
import { exitCodes } from "../output/exit-codes.ts";
import { CliError } from "../output/failure.ts";
import { printable } from "../output/printable.ts";
import { version } from "../version.ts";

const marks = { ok: "✓", warning: "!", failed: "✗", skipped: "-" } as const;

export function registerDoctor(program: Command, io: Io): void {
  const doctor = subcommand(program, "doctor", "check a deployment and say what to do").action(
    async () => {
      const output = outputOf(doctor, io);
      const connection = await readConnection(io.env);
      const findings = [
        await checkConfig(io),
        ...(await checkDeployment({
          client: connect(connection),
          url: connection.url,
          key: connection.key,
          version,
          now: Date.now,
          fetch,
          signal: io.signal,
        })),
      ];
      const failures = findings.filter(({ status }) => status === "failed").length;
      output.result({ ok: failures === 0, findings }, findings.flatMap(findingLines));
      if (failures > 0) {
        throw new CliError(`${failures} of ${findings.length} checks failed.`, exitCodes.failed);
      }
    },
  );
}

async function checkConfig(io: Io): Promise<Finding> {
  const path = configPath(io.env);
  return (await isReadableByOthers(io.env))
    ? warning(
        "config",
        `others can read the key in ${path}`,
        `chmod 600 ${path}, and replace the key.`,
      )
    : ok("config", path);
}

function findingLines({ check, status, detail, todo }: Finding): string[] {
  const line = `${marks[status]} ${check.padEnd(10)} ${printable(detail)}`;
  return todo === undefined ? [line] : [line, `${" ".repeat(13)}${printable(todo)}`];
}
