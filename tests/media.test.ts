import { createHash } from "node:crypto";
import { expect, inject, test } from "vitest";
import type { Message } from "../shared/message.ts";
import { addTenant } from "./support/api.ts";
import { fileOn, png } from "./support/files.ts";
import { addPhone, pairSession } from "./support/phone.ts";

const addresses = inject("addresses");
const sandbox = addresses.sandboxUrl ?? "";

test("an image sent as base64 is stored, and served to its tenant and by its link", async () => {
  const tenant = await addTenant(addresses, { cors_origins: ["https://shop.example"] });
  await addTenant(addresses, { cors_origins: ["https://other-shop.example"] });
  await pairSession(tenant, sandbox);
  const ada = await addPhone(sandbox);
  const image = png(640, 480);

  const sent = await tenant.post<Message>("/session/main/send-image", {
    to: ada.number,
    image: image.toString("base64"),
    caption: "Show this QR at pickup point",
  });
  expect(sent.status).toBe(201);
  expect(sent.body).toMatchObject({
    type: "image",
    text: "Show this QR at pickup point",
    media: {
      mimetype: "image/png",
      size: image.length,
      sha256: createHash("sha256").update(image).digest("hex"),
      width: 640,
      height: 480,
      status: "stored",
    },
  });
  const served = await fetch(sent.body.media?.url ?? "");
  expect(served.status).toBe(200);
  expect(Buffer.from(await served.arrayBuffer()).equals(image)).toBe(true);
  for (const [origin, allowed] of [
    ["https://shop.example", "https://shop.example"],
    ["https://other-shop.example", null],
  ] as const) {
    const toPage = await fetch(sent.body.media?.url ?? "", { headers: { Origin: origin } });
    expect(toPage.headers.get("access-control-allow-origin")).toBe(allowed);
    expect(await toPage.arrayBuffer()).toHaveProperty("byteLength", image.length);
  }

  const arrived = await fileOn(ada, sent.body.wa_message_id);
  expect(arrived).toMatchObject({
    type: "image",
    mimetype: "image/png",
    caption: "Show this QR at pickup point",
    mediaError: null,
  });
  expect(arrived.bytes.equals(image)).toBe(true);
});
