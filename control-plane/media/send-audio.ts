import type { App } from "../http/app-env.ts";
import type { Services } from "../services.ts";
import { serveSendMedia } from "./serve.ts";

export function sendAudio(app: App, services: Services): void {
  serveSendMedia(app, services, {
    kind: "audio",
    summary: "Send an audio or a voice message",
    description: "An MP3, M4A, AAC, AMR, Ogg, WAV or FLAC audio of up to 16 MB.",
  });
}
