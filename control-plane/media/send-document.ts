import type { App } from "../http/app-env.ts";
import type { Services } from "../services.ts";
import { serveSendMedia } from "./serve.ts";

export function sendDocument(app: App, services: Services): void {
  serveSendMedia(app, services, {
    kind: "document",
    summary: "Send a document",
    description: "A file of any type, of up to 100 MB unless the server has another limit.",
  });
}
