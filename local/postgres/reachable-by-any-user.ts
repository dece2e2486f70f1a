import { stat } from "node:fs/promises";
import { dirname } from "node:path";

/** Whether every user may enter this directory and all its parents. */
export async function isReachableByAnyUser(directory: string): Promise<boolean> {
  const { mode } = await stat(directory);
  if ((mode & 0o001) === 0) return false;
  return dirname(directory) === directory || isReachableByAnyUser(dirname(directory));
}
