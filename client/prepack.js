import { execFileSync } from "node:child_process";
import { globSync, readFileSync, rmSync, writeFileSync } from "node:fs";

/** Builds `dist` before `npm pack` and `npm publish`. */
process.chdir(import.meta.dirname);
rmSync("dist", { recursive: true, force: true });
execFileSync("tsc", ["-p", "tsconfig.build.json"], { stdio: "inherit" });
// tsc leaves the extension .ts in declarations, where tools besides TypeScript look for that file.
for (const file of globSync("dist/**/*.d.ts")) {
  const code = readFileSync(file, "utf8");
  writeFileSync(file, code.replaceAll(/(from "\.[^"]*)\.ts"/g, '$1.js"'));
}
