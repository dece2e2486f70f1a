import { ApiError } from "../../shared/errors.ts";

/** The SQLSTATE with which webhook_endpoints refuses one endpoint too many. */
const programLimitExceeded = "54000";

/** @throws ApiError quota_exceeded when this is the database's error about too many endpoints */
export function rejectTooManyEndpoints(error: { code: string } | null): void {
  if (error?.code !== programLimitExceeded) return;
  throw new ApiError(
    "quota_exceeded",
    "The tenant has as many webhook endpoints as its max_webhook_endpoints allows. Delete one, or raise the limit with PATCH /admin/tenants.",
  );
}
