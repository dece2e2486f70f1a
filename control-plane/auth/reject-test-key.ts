import { ApiError } from "../../shared/errors.ts";
import type { Network } from "../../shared/session.ts";
import type { Caller } from "../http/app-env.ts";

/** Test keys end up in CI and in tutorials, so none of them may act on a real number. */
export function rejectTestKeyOnLive(caller: Caller, session: { network: Network }): void {
  if (caller.network === "sandbox" && session.network === "live") {
    throw new ApiError(
      "forbidden",
      "A sk_test_ key cannot act on a live session. Use a sk_live_ key of this tenant.",
    );
  }
}
