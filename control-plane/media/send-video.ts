import type { App } from "../http/app-env.ts";
import type { Services } from "../services.ts";
import { serveSendMedia } from "./serve.ts";

export function sendVideo(app: App, services: Services): void {
  serveSendMedia(app, services, {
    kind: "video",
    summary: "Send a video",
    description: "An MP4, 3GP or QuickTime video of up to 16 MB, with an optional caption.",
  });
}
