import { stat } from "node:fs/promises";
import { dirname } from "node:path";

/** Whether any user may pass through every folder down to this one. */
export async function isReachable(directory: string): Promise<boolean> {
  const { mode } = await stat(directory);
  if ((mode & 0o001) === 0) return false;
  return dirname(directory) === directory || isReachable(dirname(directory));
}
