import { randomBytes } from "node:crypto";
import { encode } from "fast-png";
import { until } from "./api.ts";
import type { Phone } from "./phone.ts";

/** A PNG of noise: about three bytes for each pixel. */
export function png(width: number, height: number): Buffer {
  const data = randomBytes(width * height * 3);
  return Buffer.from(encode({ width, height, data: new Uint8Array(data), channels: 3, depth: 8 }));
}

/** A file as a phone has it. */
export interface ReceivedFile {
  id: string;
  type: string;
  mimetype: string | null;
  caption: string | null;
  fileName: string | null;
  voice: boolean;
  seconds: number | null;
  width: number | null;
  height: number | null;
  waveform: string | null;
  jpegThumbnail: string | null;
  mediaError: string | null;
  bytes: Buffer;
}

/** Waits until a phone has the file of this message. */
export async function fileOn(phone: Phone, waMessageId: string | null): Promise<ReceivedFile> {
  const { body } = await until(
    () => phone.get<{ data: ReceivedFile[] }>("/messages"),
    (answer) => answer.body.data.some(({ id }) => id === waMessageId),
  );
  const message = body.data.find(({ id }) => id === waMessageId);
  if (message === undefined) throw new Error("The message is gone");
  const response = await fetch(`${phone.url}/messages/${message.id}/media`);
  if (!response.ok) throw new Error(`No file: ${response.status} ${await response.text()}`);
  return { ...message, bytes: Buffer.from(await response.arrayBuffer()) };
}
