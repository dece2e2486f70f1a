import type { Database } from "../../database/database.ts";
import type { MediaStore } from "./media-store.ts";

const atOnce = 100;

/**
 * Removes the files that belong to no message any more: of messages and tenants that were deleted,
 * beyond the retention, or stored for a message that never came. Another connector may do the same.
 */
export async function removeFiles({
  database,
  store,
}: {
  database: Database;
  store: MediaStore;
}): Promise<void> {
  for (;;) {
    const paths = await database.call("media_to_remove", { max_files: atOnce });
    if (paths.length === 0) return;
    await store.remove(paths);
    // After the files: a crash between the two removes them again.
    await database.call("media_removed", { paths });
    if (paths.length < atOnce) return;
  }
}
