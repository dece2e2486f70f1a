import { randomBytes } from "node:crypto";
import { Webhook } from "standardwebhooks";
import { expect, test } from "vitest";
import { deliveryHeaders } from "../../control-plane/delivery/sign.ts";
import { signWebhook } from "./sign.ts";
import { verifyWebhook } from "./verify.ts";

const body = JSON.stringify({ id: "evt_1", type: "message.received", data: { text: "Ciao 👋" } });
const secret = `whsec_${randomBytes(32).toString("base64")}`;
const other = `whsec_${randomBytes(32).toString("base64")}`;
const sentAt = new Date("2026-01-02T03:04:05.678Z");
const now = () => sentAt.getTime() + 1_000;

const headersWith = (
  key: string | [string, string],
  about: { attempt?: number; sentAt?: Date } = {},
) =>
  deliveryHeaders({
    eventId: "evt_1",
    eventType: "message.received",
    attempt: 1,
    body,
    secrets: typeof key === "string" ? [key] : key,
    sentAt,
    ...about,
  });

test("a delivery of the API is verified, as text or bytes, with the headers of Node or of fetch", async () => {
  const headers = await headersWith(secret);
  const bytes = new TextEncoder().encode(body);
  for (const payload of [body, bytes, bytes.buffer]) {
    expect(await verifyWebhook(payload, headers, secret, { now })).toEqual(JSON.parse(body));
  }
  expect(await verifyWebhook(body, new Headers(headers), secret, { now })).toBeTruthy();
  const upper = Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name.toUpperCase(), [value]]),
  );
  expect(await verifyWebhook(body, upper, secret, { now })).toBeTruthy();
});

test("secrets of every form are read as the API and Standard Webhooks read them", async () => {
  const secrets = [
    secret,
    secret.slice("whsec_".length),
    "a plain secret, not base64!",
    "whsec_not_base64",
    "sixteenletters16",
    ...Array.from({ length: 20 }, (_, length) =>
      randomBytes(12 + length)
        .toString("base64url")
        .replaceAll("=", ""),
    ),
  ];
  for (const one of secrets) {
    const about = { payload: body, id: "evt_1", type: "message.received", secret: one, sentAt };
    const headers = await headersWith(one);
    expect(await verifyWebhook(body, headers, one, { now })).toBeTruthy();
    expect(await signWebhook(about)).toEqual(headers);
  }
});

test("what signWebhook signs, Standard Webhooks verifies", async () => {
  const headers = await signWebhook({ payload: body, id: "evt_1", type: "t", secret });
  expect(new Webhook(secret).verify(body, headers)).toEqual(JSON.parse(body));
});

test("while a secret is rotated, either one verifies, and either signature counts", async () => {
  const headers = await headersWith(other);
  expect(await verifyWebhook(body, headers, [secret, other], { now })).toBeTruthy();
  const both = await headersWith([secret, other]);
  for (const one of [secret, other]) {
    expect(await verifyWebhook(body, both, one, { now })).toBeTruthy();
  }
  const unknown = `v1a,xx ${headers["webhook-signature"]}`;
  expect(
    await verifyWebhook(body, { ...headers, "webhook-signature": unknown }, other, { now }),
  ).toBeTruthy();
});

test.each([
  ["another body", { payload: `${body} ` }, "wrong_signature"],
  ["another secret", { secret: other }, "wrong_signature"],
  ["no secret of several", { secret: [] }, "wrong_signature"],
  ["another id", { "webhook-id": "evt_2" }, "wrong_signature"],
  ["another time", { "webhook-timestamp": "1767323046" }, "wrong_signature"],
  ["a time that is none", { "webhook-timestamp": "1e9" }, "wrong_timestamp"],
  ["another version", { "webhook-signature": "v2,AAAA" }, "wrong_signature"],
  ["no base64", { "webhook-signature": "v1,%%%" }, "wrong_signature"],
  ["an empty signature", { "webhook-signature": "v1," }, "wrong_signature"],
  ["no signature", { "webhook-signature": undefined }, "missing_header"],
  ["no id", { "webhook-id": "" }, "missing_header"],
  ["no time", { "webhook-timestamp": undefined }, "missing_header"],
])("%s is refused", async (_, change, code) => {
  const { payload = body, secret: key = secret, ...more } = change as Record<string, string>;
  const headers = { ...(await headersWith(secret)), ...more };
  await expect(verifyWebhook(payload, headers, key, { now })).rejects.toMatchObject({
    name: "WebhookVerificationError",
    code,
  });
});

test("only X-Webhook-Signature is not enough, since it has no time", async () => {
  const { "x-webhook-signature": simple = "" } = await headersWith(secret);
  const headers = { "x-webhook-signature": simple };
  await expect(verifyWebhook(body, headers, secret, { now })).rejects.toThrow("webhook-id");
});

test("an old or a future request is refused beyond the tolerance", async () => {
  const headers = await headersWith(secret);
  const at = (seconds: number) => () => sentAt.getTime() + seconds * 1_000;
  expect(await verifyWebhook(body, headers, secret, { now: at(299) })).toBeTruthy();
  for (const seconds of [302, -302]) {
    await expect(verifyWebhook(body, headers, secret, { now: at(seconds) })).rejects.toMatchObject({
      code: "wrong_timestamp",
    });
  }
  const tolerant = { now: at(3_000), toleranceSeconds: 3_600 };
  expect(await verifyWebhook(body, headers, secret, tolerant)).toBeTruthy();
});

test("a signed body that is not JSON is refused", async () => {
  const headers = await signWebhook({ payload: "no", id: "1", type: "t", secret });
  await expect(verifyWebhook("no", headers, secret)).rejects.toMatchObject({
    code: "invalid_payload",
  });
});
