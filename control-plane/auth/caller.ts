import type { Network } from "../../shared/session.ts";
import { ApiError } from "../../shared/errors.ts";

/** Who a request is from: the tenant, and the network that its key is for. */
export interface Caller {
  keyId: string;
  tenantId: string;
  network: Network;
}

/** Test keys are handed to CI and to beginners: none of them may touch a real number. */
export function refuseTestKeyOnLive(caller: Caller, session: { network: Network }): void {
  if (caller.network === "sandbox" && session.network === "live") {
    throw new ApiError(
      "forbidden",
      "A sk_test_ key may not act on a live session. Use a sk_live_ key of this tenant.",
    );
  }
}
