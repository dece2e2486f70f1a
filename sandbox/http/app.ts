import { Hono } from "hono";
import type { Network } from "../network.ts";
import { behaviour } from "./behaviour.ts";
import { createPhone } from "./create-phone.ts";
import { deletePhone } from "./delete-phone.ts";
import { faults } from "./faults.ts";
import { getPhone } from "./get-phone.ts";
import { health } from "./health.ts";
import { linkByCode } from "./link.ts";
import { listMessages } from "./list-messages.ts";
import { listPhones } from "./list-phones.ts";
import { problem } from "./problem.ts";
import { readChat } from "./read.ts";
import { scanQr } from "./scan.ts";
import { sendMessage } from "./send-message.ts";
import { streamEvents } from "./stream-events.ts";
import { unlinkDevice } from "./unlink-device.ts";
import { SandboxError } from "../sandbox-error.ts";

/** The phones API. Typing, reactions and media will be further files here. */
export function createApp(network: Network): Hono {
  const app = new Hono();
  app.onError((error) => problem(error, network.log));
  app.notFound(() => {
    const error = new SandboxError(
      "not_found",
      "There is nothing here. See sandbox/README.md for the routes.",
    );
    return problem(error, network.log);
  });
  // What an answer tells is stored before it is told.
  app.use(async (_, next) => {
    await next();
    await network.store.committed();
  });
  const routes = [
    health,
    createPhone,
    listPhones,
    getPhone,
    deletePhone,
    scanQr,
    linkByCode,
    sendMessage,
    listMessages,
    streamEvents,
    readChat,
    behaviour,
    unlinkDevice,
    faults,
  ];
  for (const route of routes) route(app, network);
  return app;
}
