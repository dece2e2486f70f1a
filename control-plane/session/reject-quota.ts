import { ApiError } from "../../shared/errors.ts";

/** The SQLSTATE with which whatsapp_sessions refuses one session too many. */
const programLimitExceeded = "54000";

/** @throws ApiError quota_exceeded when this is the database's error about too many sessions */
export function rejectTooManySessions(error: { code: string; message: string } | null): void {
  if (error?.code !== programLimitExceeded) return;
  const detail = error.message.includes("wait to be paired")
    ? "Too many sessions of the tenant wait to be paired (max_unpaired_sessions). Pair, disconnect or delete one first."
    : "The tenant has as many sessions as its max_sessions allows. Delete one, or ask the operator to raise the limit.";
  throw new ApiError("quota_exceeded", detail);
}
