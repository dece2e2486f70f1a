import { withFinalNewline } from "../../shared/final-newline.ts";
import { SandboxError } from "../sandbox-error.ts";
import { type Api, createApi } from "./api.ts";
import { createPhone } from "./create-phone.ts";
import { deletePhone } from "./delete-phone.ts";
import type { ApiDeps } from "./deps.ts";
import { describeApi } from "./describe-api.ts";
import { faults } from "./faults.ts";
import { getCaCertificate } from "./get-ca-certificate.ts";
import { getMedia } from "./get-media.ts";
import { getPhone } from "./get-phone.ts";
import { health } from "./health.ts";
import { linkByCode } from "./link-by-code.ts";
import { listMessages } from "./list-messages.ts";
import { listPhones } from "./list-phones.ts";
import { listRegistrations } from "./list-registrations.ts";
import { networkBehaviour } from "./network-behaviour.ts";
import { problemResponse } from "./problem-response.ts";
import { readChat } from "./read-chat.ts";
import { requireLoopbackHost } from "./require-loopback-host.ts";
import { scanQr } from "./scan-qr.ts";
import { sendMessage } from "./send-message.ts";
import { setBehaviour } from "./set-behaviour.ts";
import { streamEvents } from "./stream-events.ts";
import { unlinkDevice } from "./unlink-device.ts";

/** The phones API. */
export function createApp(deps: ApiDeps): Api {
  const { log, store } = deps.network;
  const app = createApi();
  app.onError((error) => problemResponse(error, log));
  app.notFound(() => {
    const error = new SandboxError(
      "not_found",
      "There is no such route. GET /openapi.json lists the routes.",
    );
    return problemResponse(error, log);
  });
  if (deps.loopbackHostsOnly) app.use(requireLoopbackHost);
  // A response is sent only after the writes that it reports are committed.
  app.use(async (c, next) => {
    await next();
    await store.committed();
    c.res = await withFinalNewline(c.res, c.req.header("user-agent"));
  });
  const routes = [
    health,
    getCaCertificate,
    createPhone,
    listPhones,
    getPhone,
    deletePhone,
    scanQr,
    linkByCode,
    sendMessage,
    listMessages,
    getMedia,
    streamEvents,
    readChat,
    setBehaviour,
    networkBehaviour,
    listRegistrations,
    unlinkDevice,
    faults,
  ];
  for (const route of routes) route(app, deps);
  describeApi(app);
  return app;
}
