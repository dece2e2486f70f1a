import { Webhook } from "standardwebhooks";
import { expect, test } from "vitest";
import { deliveryHeaders } from "./sign.ts";

const body = '{"type":"message.received","data":{"text":"Perché no? 👍"}}';

async function headersFor(...secrets: string[]) {
  return deliveryHeaders({
    eventId: "evt_01",
    eventType: "message.received",
    attempt: 2,
    body,
    secrets,
    sentAt: new Date(),
  });
}

test("a Standard Webhooks library verifies a delivery with the secret as shown", async () => {
  const secret = `whsec_${btoa("0123456789abcdef0123456789abcdef")}`;
  const headers = await headersFor(secret);
  expect(new Webhook(secret).verify(body, headers)).toEqual(JSON.parse(body));
  expect(() => new Webhook(secret).verify(`${body} `, headers)).toThrow("signature");
  expect(headers).toMatchObject({
    "webhook-id": "evt_01",
    "x-webhook-source": "whatsapp-microservice",
    "x-webhook-event": "message.received",
    "x-webhook-attempt": "2",
  });
});

test("a secret that is not base64 works as a raw key", async () => {
  const headers = await headersFor("not base64!");
  const receiver = new Webhook("not base64!", { format: "raw" });
  expect(receiver.verify(body, headers)).toEqual(JSON.parse(body));
});

test("X-Webhook-Signature is the HMAC of the body with the whole secret", async () => {
  const headers = await deliveryHeaders({
    eventId: "evt_01",
    eventType: "message.sent",
    attempt: 1,
    body: "what do ya want for nothing?",
    secrets: ["Jefe"],
    sentAt: new Date(),
  });
  // RFC 4231, test case 2.
  expect(headers["x-webhook-signature"]).toBe(
    "sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
  );
});

test("during the overlap of a rotation a delivery verifies with either secret", async () => {
  const headers = await headersFor("new secret", "former secret");
  for (const secret of ["new secret", "former secret"]) {
    const receiver = new Webhook(secret, { format: "raw" });
    expect(receiver.verify(body, headers)).toEqual(JSON.parse(body));
  }
  const former = await headersFor("former secret");
  expect(headers["x-webhook-signature-former"]).toBe(former["x-webhook-signature"]);
  expect(headers["x-webhook-signature"]).not.toBe(former["x-webhook-signature"]);
});
