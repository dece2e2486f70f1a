import type { App } from "../http/app-env.ts";
import type { Services } from "../services.ts";
import { serveSendMedia } from "./serve.ts";

export function sendImage(app: App, services: Services): void {
  serveSendMedia(app, services, {
    kind: "image",
    summary: "Send an image",
    description: "A JPEG, PNG or WebP image of up to 16 MB, with an optional caption.",
  });
}
