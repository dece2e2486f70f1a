import type { LocatedSession } from "../../shared/database.ts";
import { ApiError } from "../../shared/errors.ts";

export function refuseConnected(located: LocatedSession): void {
  if (located.state === "connected") {
    throw new ApiError(
      "session_already_connected",
      "There is nothing to pair. DELETE the session to unlink its number.",
    );
  }
}
