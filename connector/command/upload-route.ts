import type { IncomingMessage } from "node:http";
import { type Context, Hono } from "hono";
import { uploadQuerySchema } from "../../shared/command.ts";
import { answerError, failed } from "./answer-error.ts";
import type { NodeBindings } from "../http/node-bindings.ts";
import { type CommandRouteOptions, shuttingDown, unauthorized } from "./route.ts";
import { encodeMedia } from "../whatsapp/outgoing-media.ts";
import { receiveUpload, type UploadServices } from "../media/receive-upload.ts";

/** How long the rest of a refused body is read, so that its sender can read the answer. */
const drainMs = 2000;

/**
 * `POST /uploads`: stores the file of a request to send it. The control plane passes the body on as it
 * comes, so the token is bound to the path and the query alone. Without one nothing is read.
 */
export function uploadRoute(
  options: UploadServices & Pick<CommandRouteOptions, "authorize" | "isAccepting">,
): { app: Hono<NodeBindings>; running: () => number } {
  const app = new Hono<NodeBindings>();
  let running = 0;
  app.post("/uploads", async (c) => {
    const { pathname, search } = new URL(c.req.url);
    if ((await options.authorize(c, pathname + search)) === undefined) return unauthorized(c);
    const { incoming } = c.env;
    running += 1;
    try {
      return await receive(c, incoming, options);
    } finally {
      running -= 1;
      drain(incoming);
    }
  });
  return { app, running: () => running };
}

async function receive(
  c: Context,
  incoming: IncomingMessage,
  options: UploadServices & Pick<CommandRouteOptions, "authorize" | "isAccepting">,
): Promise<Response> {
  const query = uploadQuerySchema.safeParse(c.req.query());
  if (!query.success) {
    return failed(
      c,
      "invalid_request",
      "The query is not one that this connector knows. Deploy the control plane and the connector in the same version.",
    );
  }
  if (!options.isAccepting()) return shuttingDown(c);
  try {
    const upload = await receiveUpload(
      {
        ...query.data,
        contentType: c.req.header("content-type") ?? "",
        body: incoming.iterator({ destroyOnReturn: false }),
      },
      options,
    );
    const isQueued = upload.queue.queue === true && upload.media.status === "stored";
    // Only a connector can encode it, and the queue needs none until the message goes.
    const content = isQueued ? Buffer.from(encodeMedia(upload)).toString("base64") : null;
    return c.json({ type: "upload", upload: { ...upload, content } });
  } catch (error) {
    return answerError(c, error, options.log);
  }
}

function drain(incoming: IncomingMessage): void {
  if (incoming.complete || incoming.destroyed) return;
  incoming.resume();
  const timer = setTimeout(() => incoming.destroy(), drainMs);
  incoming.once("close", () => clearTimeout(timer));
}
