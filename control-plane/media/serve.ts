import { ApiError } from "../../shared/errors.ts";
import { type MediaKind, maxBytesOf } from "../../shared/media.ts";
import type { App } from "../http/app-env.ts";
import { rejectTestKeyOnLive } from "../auth/reject-test-key.ts";
import { queueMessage } from "../message/queue-message.ts";
import { send } from "../message/send.ts";
import type { Services } from "../services.ts";
import { sendMediaContract } from "./contract.ts";

/** Base64 takes a third more than the file; the rest is for the other fields. */
const base64Factor = 1.4;
const otherBytes = 1_000_000;

/**
 * Serves an endpoint that sends files, in two steps: the body is passed on to a connector, which
 * stores the file; then a command sends it, with the guarantees of a text.
 */
export function serveSendMedia(
  app: App,
  services: Services,
  { kind, ...about }: { kind: MediaKind; summary: string; description: string },
): void {
  const { served, documented } = sendMediaContract(kind, about);
  app.openAPIRegistry.registerPath(documented);
  app.openapi({ ...served, hide: true }, async (c) => {
    const caller = c.get("caller");
    const { sessionId } = c.req.valid("param");
    const key = c.req.valid("header")["idempotency-key"];
    rejectTooLarge(kind, c.req.header("content-length"), services.maxDocumentBytes);
    const upload = await services.connectors.upload({
      session: { tenantId: caller.tenantId, sessionId },
      kind,
      idempotencyKey: key,
      body: c.req.raw.body,
      contentType: c.req.header("content-type") ?? "",
      // Whether the message is to be queued is in the body: a session that is not connected refuses
      // the others below.
      check: (located) => rejectTestKeyOnLive(caller, located),
    });
    const idempotency = key === undefined ? undefined : { key, request_hash: upload.request_hash };
    if (upload.queue.queue === true) {
      const queued = await queueMessage(services, {
        caller,
        sessionId,
        idempotency,
        to: upload.to,
        type: kind,
        text: upload.caption,
        file: { media: upload.media, content: upload.content },
        when: upload.queue,
      });
      if (queued.replayed) c.header("Idempotent-Replayed", "true");
      return c.json(queued.message, 202);
    }
    const sent = await send(services, {
      caller,
      sessionId,
      idempotency,
      commandFor: (uid) => ({
        type: "send_media",
        session_uid: uid,
        upload,
        ...(idempotency === undefined ? {} : { idempotency }),
      }),
    });
    if (sent.replayed) c.header("Idempotent-Replayed", "true");
    return c.json(sent.message, sent.message.status === "SENDING" ? 202 : 201);
  });
}

/** The connector enforces the limit of the file; this refuses what cannot hold one at once. */
function rejectTooLarge(kind: MediaKind, length: string | undefined, documentBytes: number): void {
  const limit = maxBytesOf(kind, documentBytes);
  if (!(Number(length) > limit * base64Factor + otherBytes)) return;
  const megabytes = `${Math.floor(limit / 1_000_000)} MB`;
  throw new ApiError(
    "payload_too_large",
    `The body is too large. A file of this endpoint has at most ${megabytes}. Send a smaller one.`,
    { errors: [{ field: kind, detail: `Must be at most ${megabytes} (${limit} bytes)` }] },
  );
}
