export * from "./client.ts";
export * from "./errors.ts";
export * from "./types.generated.ts";
export type { FileInput } from "./file.ts";
export type { RequestOptions, SendOptions, StreamOptions } from "./request/options.ts";
export type { Page, PagePromise } from "./request/page.ts";
export { signWebhook, type WebhookToSign } from "./webhook/sign.ts";
export { verifyWebhook, type VerifyOptions, type WebhookHeaders } from "./webhook/verify.ts";
