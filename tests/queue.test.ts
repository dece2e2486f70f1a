import { beforeAll, expect, inject, test } from "vitest";
import type { Message } from "../shared/message.ts";
import type { Bulk, QueueEntry } from "../shared/queue.ts";
import { addTenant, call, type Tenant, until, waitForState, waitForStatus } from "./support/api.ts";
import { fileOn, png } from "./support/files.ts";
import { addPhone, pairSession, type Phone, type PhoneMessage } from "./support/phone.ts";

const addresses = inject("addresses");
const sandbox = addresses.sandboxUrl ?? "";

type Queued = Message & { queue: QueueEntry | null };

let tenant: Tenant;
let ada: Phone;
let ben: Phone;

beforeAll(async () => {
  tenant = await addTenant(addresses, { send_interval_ms: 100 });
  await pairSession(tenant, sandbox);
  ada = await addPhone(sandbox);
  ben = await addPhone(sandbox, "Ben");
});

function queue(body: Record<string, unknown>) {
  return tenant.post<Queued>("/session/main/send", { queue: true, ...body });
}

async function textsOn(phone: Phone): Promise<string[]> {
  const { body } = await phone.get<{ data: PhoneMessage[] }>("/messages");
  return body.data.map(({ text }) => text);
}

test("queued texts arrive in their order, each once", async () => {
  const texts = Array.from({ length: 8 }, (_, index) => `queued ${index}`);
  for (const message of texts) {
    const { status, body } = await queue({ to: ada.number, message });
    expect([status, body.status]).toEqual([202, "QUEUED"]);
    expect(Date.parse(body.queue?.estimated_send_at ?? "")).not.toBeNaN();
  }
  await ada.received("queued 7");
  expect((await textsOn(ada)).filter((text) => text.startsWith("queued"))).toEqual(texts);
});

test("a queued image is sent from its stored file", async () => {
  const image = png(40, 30);
  const sent = await tenant.post<Queued>("/session/main/send-image", {
    to: ada.number,
    image: image.toString("base64"),
    caption: "queued image",
    queue: true,
    priority: 2,
  });
  expect(sent).toMatchObject({
    status: 202,
    body: { type: "image", status: "QUEUED", media: { status: "stored" }, queue: { priority: 2 } },
  });
  const delivered = await waitForStatus(tenant, sent.body, "DELIVERED");
  const file = await fileOn(ada, delivered.wa_message_id);
  expect(file).toMatchObject({ type: "image", caption: "queued image", mediaError: null });
  expect(file.bytes.equals(image)).toBe(true);
});

test("a form queues too, and its fields are checked", async () => {
  const form = (fields: Record<string, string>) => {
    const data = new FormData();
    for (const [name, value] of Object.entries({ to: ada.number, ...fields })) {
      data.append(name, value);
    }
    data.append("document", new Blob(["a document"]), "note.txt");
    return fetch(`${tenant.url}/session/main/send-document`, {
      method: "POST",
      headers: tenant.headers,
      body: data,
    });
  };
  const queued = await form({ queue: "true", priority: "-3" });
  expect(queued.status).toBe(202);
  const message = (await queued.json()) as Queued;
  expect(message.queue?.priority).toBe(-3);
  await waitForStatus(tenant, message, "DELIVERED");
  expect((await form({ priority: "1" })).status).toBe(422);
  expect((await form({ queue: "true", send_at: "soon" })).status).toBe(422);
});

test("what is queued while the session is stopped goes when it is connected again, files too", async () => {
  await tenant.post("/session/main/disconnect");
  await waitForState(tenant, "main", "disconnected");
  await queue({ to: ben.number, message: "for later" });
  const image = { to: ben.number, image: png(5, 5).toString("base64") };
  const file = await tenant.post<Queued>("/session/main/send-image", { ...image, queue: true });
  expect(file).toMatchObject({ status: 202, body: { queue: { estimated_send_at: null } } });
  const atOnce = await tenant.post("/session/main/send-image", image);
  expect(atOnce).toMatchObject({ status: 409, body: { code: "session_not_connected" } });

  await tenant.post("/session/main/connect");
  await ben.received("for later");
  await waitForStatus(tenant, file.body, "DELIVERED");
});

test("a scheduled message goes at its time, and one that is cancelled never", async () => {
  const sendAt = Date.now() + 3000;
  const send_at = new Date(sendAt).toISOString();
  const scheduled = await queue({ to: ben.number, message: "on time", send_at });
  expect(scheduled.body.queue).toMatchObject({ position: null });
  const cancelled = await queue({ to: ben.number, message: "cancelled", send_at });
  expect((await tenant.delete(`/session/main/messages/${cancelled.body.id}`)).status).toBe(200);
  await ben.received("on time");
  expect(Date.now()).toBeGreaterThanOrEqual(sendAt);
  await queue({ to: ben.number, message: "after it" });
  await ben.received("after it");
  expect(await textsOn(ben)).not.toContain("cancelled");
});

test("a paused queue keeps its messages until it is resumed; a send at once does not wait", async () => {
  await tenant.post("/session/main/queue/pause");
  await queue({ to: ben.number, message: "while paused" });
  await tenant.post("/session/main/send", { to: ben.number, message: "at once" });
  await ben.received("at once");
  expect(await textsOn(ben)).not.toContain("while paused");
  await tenant.post("/session/main/queue/resume");
  await ben.received("while paused");
});

test("a bulk reaches every recipient and says how far it is", async () => {
  const sent = await tenant.post<Bulk>("/session/main/send-bulk", {
    message: "Hello {{name}}",
    recipients: [
      { to: ada.number, variables: { name: "Ada" } },
      { to: ben.number, variables: { name: "Ben" } },
      { to: "393339999999", variables: { name: "nobody" } },
    ],
  });
  expect(sent.status).toBe(202);
  await ada.received("Hello Ada");
  await ben.received("Hello Ben");
  const bulk = await until(
    () => call<Bulk>("GET", `${tenant.url}/session/main/bulk/${sent.body.id}`, tenant),
    ({ body }) => body.done && body.by_status["DELIVERED"] === 2,
  );
  expect(bulk.body).toMatchObject({ total: 3, by_status: { DELIVERED: 2, FAILED: 1 } });
});
