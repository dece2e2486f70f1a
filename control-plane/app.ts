import { OpenAPIHono } from "@hono/zod-openapi";
import type { MiddlewareHandler } from "hono";
import { bodyLimit } from "hono/body-limit";
import { except } from "hono/combine";
import { ApiError } from "../shared/errors.ts";
import { mediaKinds } from "../shared/media.ts";
import { withFinalNewline } from "../shared/final-newline.ts";
import { adminRoutes } from "./admin/routes.ts";
import { requireAdmin } from "./auth/require-admin.ts";
import { requireKey } from "./auth/require-key.ts";
import { requireScope } from "./auth/require-scope.ts";
import { allowOrigins } from "./cors/allow-origins.ts";
import { proxyPhones } from "./console/phones-proxy.ts";
import { serveConsole } from "./console/serve-console.ts";
import { signIn } from "./console/sign-in.ts";
import { getHealth } from "./health/get-health.ts";
import { getFile, requireKeyOrLink } from "./media/get-file.ts";
import type { App, AppEnv } from "./http/app-env.ts";
import { describeApi } from "./openapi/describe-api.ts";
import { handleError } from "./http/handle-error.ts";
import { noStore } from "./http/no-store.ts";
import { handleNotFound } from "./http/not-found.ts";
import { rejectInvalidUtf8 } from "./http/reject-invalid-utf8.ts";
import { requestId } from "./http/request-id.ts";
import { refuseUnknown } from "./http/refuse-unknown.ts";
import { describeIssues, rejectInvalid } from "./http/validation.ts";
import { keyRoutes } from "./key/routes.ts";
import { limitRequests } from "./limit/limit-requests.ts";
import { sendAudio } from "./media/send-audio.ts";
import { sendDocument } from "./media/send-document.ts";
import { sendImage } from "./media/send-image.ts";
import { sendSticker } from "./media/send-sticker.ts";
import { sendVideo } from "./media/send-video.ts";
import { listSessionMessages } from "./message/list-session-messages.ts";
import { listTenantMessages } from "./message/list-tenant-messages.ts";
import { sendText } from "./message/send-text.ts";
import { cancelBulk } from "./queue/cancel-bulk.ts";
import { cancelMessage } from "./queue/cancel-message.ts";
import { changeQueueSettings } from "./queue/change-settings.ts";
import { getBulk } from "./queue/get-bulk.ts";
import { getQueue } from "./queue/get-queue.ts";
import { getQueueSettings } from "./queue/get-settings.ts";
import { pauseQueue } from "./queue/pause-queue.ts";
import { sendBulk } from "./queue/send-bulk.ts";
import { createRealtimeToken } from "./realtime/create-token.ts";
import { serveReference } from "./reference/serve-reference.ts";
import type { Services } from "./services.ts";
import { connectSession } from "./session/connect-session.ts";
import { createSession } from "./session/create-session.ts";
import { deleteSession } from "./session/delete-session.ts";
import { disconnectSession } from "./session/disconnect-session.ts";
import { getQr } from "./session/get-qr.ts";
import { getSession } from "./session/get-session.ts";
import { listSessions } from "./session/list-sessions.ts";
import { getPairingCode } from "./session/pairing-code.ts";
import { createPairingLink } from "./pairing-page/create-link.ts";
import { pairingPage } from "./pairing-page/pairing-page.ts";
import { regenerateQr } from "./session/regenerate-qr.ts";
import { getStats } from "./stats/get-stats.ts";
import { webhookRoutes } from "./webhook/routes.ts";
import { streamEvents } from "./stream/event-stream.ts";
import { streamMessages } from "./stream/message-stream.ts";

const maxBodyBytes = 1_048_576;

/** What needs a tenant's key and counts against its limit. */
const tenantPaths = ["/session/*", "/tenant/*"];

/** What web pages of other origins may call, as far as a tenant allows them. */
const browserPaths = [...tenantPaths, "/files/*"];

const routes = [
  getHealth,
  createSession,
  listSessions,
  getSession,
  deleteSession,
  connectSession,
  disconnectSession,
  getQr,
  regenerateQr,
  getPairingCode,
  createPairingLink,
  sendText,
  sendImage,
  sendVideo,
  sendDocument,
  sendAudio,
  sendSticker,
  sendBulk,
  getBulk,
  cancelBulk,
  getQueue,
  pauseQueue,
  getQueueSettings,
  changeQueueSettings,
  cancelMessage,
  getFile,
  listSessionMessages,
  streamMessages,
  listTenantMessages,
  streamEvents,
  createRealtimeToken,
  getStats,
  ...webhookRoutes,
  ...keyRoutes,
  ...adminRoutes,
];

/** Their bodies go to a connector as they come; it checks them. */
const mediaPaths = mediaKinds.map((kind) => `/session/:sessionId/send-${kind}`);

const limitBody = bodyLimit({
  maxSize: maxBodyBytes,
  onError: () => {
    throw new ApiError("payload_too_large", "The body is larger than 1 MB. Send a smaller one.");
  },
});

const endJsonWithNewline: MiddlewareHandler = async (c, next) => {
  await next();
  c.res = await withFinalNewline(c.res, c.req.header("user-agent"));
};

/** The whole HTTP API on top of these services. It starts nothing and holds no state. */
export function createApp(services: Services): App {
  describeIssues();
  const app = new OpenAPIHono<AppEnv>({ defaultHook: rejectInvalid });
  refuseUnknown(app);
  app.use(noStore);
  app.use(requestId);
  app.use(except("/files/*", endJsonWithNewline));
  for (const path of browserPaths) app.use(path, allowOrigins(services));
  for (const path of tenantPaths)
    app.use(path, requireKey(services), limitRequests(services), requireScope);
  app.use("/files/*", requireKeyOrLink(services));
  app.use("/admin/*", requireAdmin(services));
  app.use(except(mediaPaths, limitBody));
  app.use(except(mediaPaths, rejectInvalidUtf8));
  for (const register of routes) register(app, services);
  describeApi(app);
  // Not part of the API: pages and what they are made of.
  for (const register of [signIn, proxyPhones, serveConsole, pairingPage, serveReference]) {
    register(app, services);
  }
  app.onError(handleError);
  app.notFound(handleNotFound(app));
  return app;
}
