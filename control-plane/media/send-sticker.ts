import type { App } from "../http/app-env.ts";
import type { Services } from "../services.ts";
import { serveSendMedia } from "./serve.ts";

export function sendSticker(app: App, services: Services): void {
  serveSendMedia(app, services, {
    kind: "sticker",
    summary: "Send a sticker",
    description: "A WebP image of up to 1 MB.",
  });
}
