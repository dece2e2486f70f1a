import { invalidField } from "../http/validation.ts";
import { urlProblem } from "../delivery/check-url.ts";

/** @throws ApiError that names the field when the URL may not be called */
export function checkWebhookUrl(
  field: string,
  url: string | null | undefined,
  allowPrivateUrls: boolean,
): void {
  if (url === null || url === undefined) return;
  const problem = urlProblem(url, allowPrivateUrls);
  if (problem !== undefined) throw invalidField(field, `The URL ${problem}`);
}
