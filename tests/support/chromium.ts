import { execFile } from "node:child_process";
import { access, constants } from "node:fs/promises";
import { promisify } from "node:util";
import { type Browser, chromium } from "playwright-core";

const run = promisify(execFile);

const commonPaths = [
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome-stable",
  "/usr/bin/google-chrome",
  "/snap/bin/chromium",
  "/Applications/Chromium.app/Contents/MacOS/Chromium",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
];

const installTimeoutMs = 300_000;

const executablePath = await findChromium();

/** Whether this machine has Chromium: without it, tests that need a browser are skipped. */
export const hasChromium = executablePath !== undefined;
if (!hasChromium) {
  console.warn("Browser tests are skipped: install Chromium or set CHROMIUM_PATH to run them.");
}

/** Starts Chromium without a window. @throws when the machine has none. */
export async function launchChromium(): Promise<Browser> {
  if (executablePath === undefined) throw new Error("There is no Chromium on this machine.");
  return chromium.launch({
    executablePath,
    // Chromium's own sandbox refuses to run as root, which is what containers of CI run as.
    args: process.getuid?.() === 0 ? ["--no-sandbox"] : [],
  });
}

async function findChromium(): Promise<string | undefined> {
  const own = process.env["CHROMIUM_PATH"];
  const installed = await firstExecutable(
    own === undefined ? [...commonPaths, chromium.executablePath()] : [own],
  );
  if (installed !== undefined || own !== undefined) return installed;
  return (await installWithApt()) ? firstExecutable(commonPaths) : undefined;
}

async function firstExecutable(paths: string[]): Promise<string | undefined> {
  for (const path of paths) {
    try {
      await access(path, constants.X_OK);
      return path;
    } catch {
      // Not there: try the next.
    }
  }
  return undefined;
}

/** Only as root, as in the container of a CI: nothing is installed on a developer's machine. */
async function installWithApt(): Promise<boolean> {
  if (process.getuid?.() !== 0 || (await firstExecutable(["/usr/bin/apt-get"])) === undefined) {
    return false;
  }
  console.warn("There is no Chromium: installing it with apt-get.");
  const apt = (...command: string[]) =>
    run("apt-get", ["-qq", "-o", "DPkg::Lock::Timeout=240", ...command], {
      timeout: installTimeoutMs,
      env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
    });
  const install = () => apt("install", "-y", "--no-install-recommends", "chromium");
  try {
    await install().catch(async () => {
      await apt("update");
      await install();
    });
    return true;
  } catch {
    return false;
  }
}
