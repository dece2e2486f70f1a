import type { LocatedSession } from "../../shared/database.ts";
import { ApiError } from "../../shared/errors.ts";

export function rejectConnected(located: LocatedSession): void {
  if (located.state === "connected") {
    throw new ApiError(
      "session_already_connected",
      "The session is already paired. DELETE it to unlink its number.",
    );
  }
}
