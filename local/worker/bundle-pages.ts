import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { z } from "zod";
import { cached } from "./bundle-cache.ts";
import { projectRoot } from "./wrangler-config.ts";

const cacheDir = join(projectRoot, "node_modules/.cache/whatsapp-microservice");

/** The directory that wrangler.toml names in [assets]. */
const assetsDir = join(cacheDir, "assets");

/** The contents of files by name. */
const filesSchema = z.record(z.string(), z.string());

/** Pages that share a folder of the assets, and their scripts. */
interface Bundle {
  folder: string;
  scripts: string[];
  pages: string[];
}

const bundles: Bundle[] = [
  {
    folder: "console",
    scripts: ["console/main.tsx", "console/pair.tsx"],
    pages: ["console/index.html", "console/pair.html"],
  },
  { folder: "docs", scripts: ["api-reference/main.js"], pages: ["api-reference/index.html"] },
];

/**
 * Bundles the console and the API reference, keeps the bundles between starts, and writes their files.
 * Returns the directory that the Worker's binding ASSETS serves.
 */
export async function bundlePages(): Promise<string> {
  // One after the other: each ends the process that esbuild works in.
  for (const one of bundles) {
    const file = join(cacheDir, `pages-${one.folder}.json`);
    const json = await cached({ file, root: projectRoot }, () => bundle(one));
    const directory = join(assetsDir, one.folder);
    await rm(directory, { recursive: true, force: true });
    await mkdir(directory, { recursive: true });
    for (const [name, text] of Object.entries(filesSchema.parse(JSON.parse(json)))) {
      await writeFile(join(directory, name), text);
    }
  }
  return assetsDir;
}

async function bundle({ scripts, pages }: Bundle): Promise<{ code: string; inputs: string[] }> {
  const { build, stop } = await import("esbuild");
  const { outputFiles, metafile } = await build({
    absWorkingDir: projectRoot,
    metafile: true,
    entryPoints: scripts,
    splitting: true,
    chunkNames: "shared-[hash]",
    outdir: assetsDir,
    entryNames: "[name]-[hash]",
    bundle: true,
    minify: true,
    write: false,
    format: "esm",
    target: "es2023",
    jsx: "automatic",
    define: { "process.env.NODE_ENV": '"production"' },
    logLevel: "silent",
  });
  // esbuild works in a process of its own, which would stay as long as this one.
  await stop();
  const files = Object.fromEntries(outputFiles.map(({ path, text }) => [basename(path), text]));
  const names = Object.keys(files);
  for (const path of pages) {
    files[basename(path)] = withHashedNames(await readFile(join(projectRoot, path), "utf8"), names);
  }
  // This file too: it says what is bundled.
  const inputs = [...Object.keys(metafile.inputs), ...pages, "local/worker/bundle-pages.ts"];
  return { code: JSON.stringify(files), inputs };
}

/** The page with the names of this bundle: they change with the contents and are cached for good. */
function withHashedNames(html: string, names: string[]): string {
  return html.replaceAll(/assets\/(\w+)\.(js|css)/g, (plain, entry: string, extension: string) => {
    const name = names.find(
      (candidate) => candidate.startsWith(`${entry}-`) && candidate.endsWith(`.${extension}`),
    );
    return name === undefined ? plain : `assets/${name}`;
  });
}
