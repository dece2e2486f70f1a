import { mkdir, readFile, rename, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { z } from "zod";

/** A bundle with the version (mtime and size) of every file that it was made of. */
const entrySchema = z.object({ inputs: z.record(z.string(), z.string()), code: z.string() });

/**
 * Returns the bundle in `file` while its inputs are unchanged, otherwise what `bundle` makes, and
 * keeps it. `inputs` are paths from `root`. A cache that cannot be read or written only costs time.
 */
export async function cached(
  { file, root }: { file: string; root: string },
  bundle: () => Promise<{ code: string; inputs: string[] }>,
): Promise<string> {
  const known = await readEntry(file);
  if (known !== undefined && (await areUnchanged(known.inputs, root))) return known.code;
  const { code, inputs } = await bundle();
  await writeEntry(file, { inputs: await versionsOf(inputs, root), code }).catch(() => undefined);
  return code;
}

async function readEntry(file: string): Promise<z.infer<typeof entrySchema> | undefined> {
  try {
    return entrySchema.parse(JSON.parse(await readFile(file, "utf8")));
  } catch {
    return undefined;
  }
}

async function areUnchanged(inputs: Record<string, string>, root: string): Promise<boolean> {
  try {
    const now = await versionsOf(Object.keys(inputs), root);
    return Object.entries(inputs).every(([path, version]) => now[path] === version);
  } catch {
    return false; // A file is gone.
  }
}

async function versionsOf(paths: string[], root: string): Promise<Record<string, string>> {
  const versions = paths.map(async (path): Promise<[string, string]> => {
    const { mtimeMs, size } = await stat(join(root, path));
    return [path, `${mtimeMs} ${size}`];
  });
  return Object.fromEntries(await Promise.all(versions));
}

async function writeEntry(file: string, entry: z.infer<typeof entrySchema>): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  const unfinished = `${file}.${process.pid}`;
  await writeFile(unfinished, JSON.stringify(entry));
  await rename(unfinished, file);
}
