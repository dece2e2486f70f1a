import { spawn } from "node:child_process";

/** Runs ffmpeg, when the machine has it. */
export interface Ffmpeg {
  /** Resolves with what ffmpeg writes to its output, of at most `maxBytes`. */
  run(args: string[], limits: { maxBytes: number; timeoutMs: number }): Promise<Buffer>;
}

/** Undefined when there is no ffmpeg under this name or path. */
export async function findFfmpeg(command: string): Promise<Ffmpeg | undefined> {
  const ffmpeg: Ffmpeg = { run: (args, limits) => run(command, args, limits) };
  try {
    await ffmpeg.run(["-version"], { maxBytes: 65_536, timeoutMs: 5000 });
    return ffmpeg;
  } catch {
    return undefined;
  }
}

function run(
  command: string,
  args: string[],
  { maxBytes, timeoutMs }: { maxBytes: number; timeoutMs: number },
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const child = spawn(
      command,
      // No network protocols: a crafted file could name addresses to read from.
      [
        "-nostdin",
        "-hide_banner",
        "-loglevel",
        "error",
        "-protocol_whitelist",
        "file,pipe",
        ...args,
      ],
      { stdio: ["ignore", "pipe", "pipe"], timeout: timeoutMs, killSignal: "SIGKILL" },
    );
    const chunks: Buffer[] = [];
    let size = 0;
    let errors = "";
    child.stdout.on("data", (chunk: Buffer) => {
      size += chunk.length;
      if (size > maxBytes) child.kill("SIGKILL");
      else chunks.push(chunk);
    });
    child.stderr.on("data", (chunk: Buffer) => {
      errors = (errors + chunk.toString("utf8")).slice(-500);
    });
    child.on("error", reject);
    child.on("close", (code) => {
      if (code === 0 && size <= maxBytes) resolve(Buffer.concat(chunks));
      else reject(new Error(`ffmpeg failed (${code ?? "killed"}): ${errors}`));
    });
  });
}
