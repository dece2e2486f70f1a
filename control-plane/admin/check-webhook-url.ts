import { invalidField } from "../http/validation.ts";
import { refusalOf } from "../webhook/refuse-private.ts";

/** @throws ApiError that names the field, when the URL may not be called */
export function checkWebhookUrl(
  field: string,
  url: string | null | undefined,
  allowPrivateUrls: boolean,
): void {
  if (url === null || url === undefined) return;
  const refusal = refusalOf(url, allowPrivateUrls);
  if (refusal !== undefined) throw invalidField(field, `The URL ${refusal}`);
}
