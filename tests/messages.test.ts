import { expect, inject, test } from "vitest";
import type { Message } from "../shared/message.ts";
import { addTenant, until, waitForStatus } from "./support/api.ts";
import { addPhone, pairSession } from "./support/phone.ts";
import { openStream } from "./support/sse.ts";

const addresses = inject("addresses");
const sandbox = addresses.sandboxUrl ?? "";

test("a sent message reaches the phone, and becomes DELIVERED and READ", async () => {
  const tenant = await addTenant(addresses);
  const owner = await pairSession(tenant, sandbox);
  const ada = await addPhone(sandbox);

  const sent = await tenant.post<Message>("/session/main/send", {
    to: `+${ada.number}`,
    message: "Hi! Your ticket #1234 has been resolved. ✅",
  });
  expect(sent.status).toBe(201);
  expect(sent.body).toMatchObject({
    session_id: "main",
    direction: "out",
    chat_id: `${ada.number}@s.whatsapp.net`,
    phone: ada.number,
    from: owner.number,
    to: ada.number,
    type: "text",
    status: expect.stringMatching(/^(SENT|DELIVERED)$/),
    error: null,
  });
  const arrived = await ada.received("Hi! Your ticket #1234 has been resolved. ✅");
  expect(arrived.id).toBe(sent.body.wa_message_id);
  const delivered = await waitForStatus(tenant, sent.body, "DELIVERED");
  expect(delivered.delivered_at).not.toBeNull();
  expect(delivered.read_at).toBeNull();

  await ada.post("/read", { from: arrived.from });
  const read = await waitForStatus(tenant, sent.body, "READ");
  expect(read.read_at).not.toBeNull();
});

test("what a phone writes is in the history and in both streams", async () => {
  const tenant = await addTenant(addresses);
  const owner = await pairSession(tenant, sandbox);
  const ada = await addPhone(sandbox);
  const [all, ofSession] = await Promise.all([
    openStream(tenant, "/tenant/events/stream"),
    openStream(tenant, "/session/main/messages/stream"),
  ]);

  const said = await ada.say(owner.number, "Is my order on its way?");
  const event = await all.next(({ type }) => type === "message.received");
  expect(event).toMatchObject({
    tenant_id: tenant.id,
    session_id: "main",
    data: {
      from: ada.number,
      to: owner.number,
      message: "Is my order on its way?",
      text: "Is my order on its way?",
      phone: ada.number,
      lid: expect.stringContaining("@lid"),
      direction: "in",
      status: "RECEIVED",
      wa_message_id: said.id,
    },
  });
  expect(await ofSession.next(({ type }) => type === "message.received")).toEqual(event);

  const history = await tenant.get<{ data: Message[] }>("/session/main/messages");
  expect(history.body.data[0]).toMatchObject({
    id: event.data["id"],
    text: "Is my order on its way?",
    message: "Is my order on its way?",
    from: ada.number,
    to: owner.number,
  });
  all.close();
  ofSession.close();
});

test("the first messages of somebody new keep their order", async () => {
  const tenant = await addTenant(addresses);
  const owner = await pairSession(tenant, sandbox);
  const texts = ["first", "second", "third"];
  const strangers = await Promise.all(Array.from({ length: 6 }, () => addPhone(sandbox)));
  for (const stranger of strangers) {
    for (const text of texts) await stranger.say(owner.number, text);
  }
  for (const { number } of strangers) {
    const { body } = await until(
      () => tenant.get<{ data: Message[] }>(`/session/main/messages?chat=${number}`),
      (answer) => answer.body.data.length === texts.length,
    );
    expect(body.data.map((message) => message.text).toReversed()).toEqual(texts);
  }
});

test("an idempotency key sends once, and is refused for another request", async () => {
  const tenant = await addTenant(addresses);
  await pairSession(tenant, sandbox);
  const ada = await addPhone(sandbox);
  const send = (message: string) =>
    tenant.post<Message>(
      "/session/main/send",
      { to: ada.number, message },
      { "Idempotency-Key": "order-1234" },
    );

  const [first, second] = await Promise.all([
    send("Order 1234 shipped"),
    send("Order 1234 shipped"),
  ]);
  const third = await send("Order 1234 shipped");
  expect(second.body.id).toBe(first.body.id);
  expect(third.body.id).toBe(first.body.id);
  expect(third.headers.get("Idempotent-Replayed")).toBe("true");
  expect(await send("Something else")).toMatchObject({
    status: 422,
    body: { code: "idempotency_mismatch" },
  });

  await ada.received("Order 1234 shipped");
  const { body } = await tenant.get<{ data: Message[] }>("/session/main/messages?direction=out");
  expect(body.data).toHaveLength(1);
});

test("a repeated request is answered from the stored message after the session was stopped", async () => {
  const tenant = await addTenant(addresses);
  await pairSession(tenant, sandbox);
  const ada = await addPhone(sandbox);
  const send = (message: string) =>
    tenant.post<Message>(
      "/session/main/send",
      { to: ada.number, message },
      { "Idempotency-Key": "order-5678" },
    );
  const first = await send("Order 5678 shipped");
  await ada.received("Order 5678 shipped");
  await tenant.post("/session/main/disconnect", {});

  const repeated = await send("Order 5678 shipped");
  expect(repeated).toMatchObject({ status: 201, body: { id: first.body.id } });
  expect(repeated.headers.get("Idempotent-Replayed")).toBe("true");
  expect(await send("Something else")).toMatchObject({
    status: 422,
    body: { code: "idempotency_mismatch" },
  });
});

test("a number that is not on WhatsApp is told so, and nothing is sent", async () => {
  const tenant = await addTenant(addresses);
  await pairSession(tenant, sandbox);
  const answer = await tenant.post("/session/main/send", { to: "393330000000", message: "x" });
  expect(answer).toMatchObject({ status: 422, body: { code: "not_on_whatsapp" } });
  expect((await tenant.get<{ data: unknown[] }>("/tenant/messages")).body.data).toEqual([]);
});

test("a message that cannot be sent is refused, and the history says so", async () => {
  const tenant = await addTenant(addresses);
  await pairSession(tenant, sandbox);
  const answer = await tenant.post<{ detail: string }>("/session/main/send", {
    to: "120363000000000000@g.us",
    message: "to a group that does not exist",
  });
  expect(answer).toMatchObject({ status: 422, body: { code: "message_rejected" } });
  const { body } = await tenant.get<{ data: Message[] }>("/tenant/messages?status=FAILED");
  expect(body.data).toHaveLength(1);
  expect(answer.body.detail).toContain(body.data[0]?.id);
});

test.each([
  [{}, "to"],
  [{ to: "hello", message: "x" }, "to"],
  [{ to: "393331234567" }, "message"],
  [{ to: "393331234567", message: "" }, "message"],
  [{ to: "393331234567", message: "a\0b" }, "message"],
  [{ to: "393331234567", message: "\ud800" }, "message"],
])("the body %j is refused, naming the field", async (body, field) => {
  const tenant = await addTenant(addresses);
  await tenant.post("/tenant/sessions", { session_id: "main", name: "Main" });
  const answer = await tenant.post<{ errors: { field: string }[] }>("/session/main/send", body);
  expect(answer.status).toBe(422);
  expect(answer.headers.get("content-type")).toContain("application/problem+json");
  expect(answer.body.errors.map((error) => error.field)).toContain(field);
});

test("two sessions of the sandbox write to each other", async () => {
  const [shop, customer] = [await addTenant(addresses), await addTenant(addresses)];
  const [shopPhone] = [await pairSession(shop, sandbox), await pairSession(customer, sandbox)];
  const sent = await customer.post<Message>("/session/main/send", {
    to: shopPhone.number,
    message: "Hello shop",
  });
  const received = await until(
    () => shop.get<{ data: Message[] }>("/tenant/messages?direction=in"),
    ({ body }) => body.data.length > 0,
  );
  expect(received.body.data[0]).toMatchObject({ text: "Hello shop", status: "RECEIVED" });
  await waitForStatus(customer, sent.body, "DELIVERED");
});

test("history is paged by cursor without loss or repetition, and filtered", async () => {
  const tenant = await addTenant(addresses);
  const owner = await pairSession(tenant, sandbox);
  const ada = await addPhone(sandbox);
  const texts = ["one", "two", "three", "four", "five"];
  for (const text of texts) await ada.say(owner.number, text);
  await until(
    () => tenant.get<{ data: Message[] }>("/session/main/messages"),
    ({ body }) => body.data.length === texts.length,
  );

  const seen: (string | null)[] = [];
  let path = "/session/main/messages?limit=2";
  for (;;) {
    const { body } = await tenant.get<{ data: Message[]; next_cursor: string | null }>(path);
    seen.push(...body.data.map((message) => message.text));
    if (body.next_cursor === null) break;
    path = `/session/main/messages?limit=2&cursor=${encodeURIComponent(body.next_cursor)}`;
  }
  expect(seen.toReversed()).toEqual(texts);

  const offset = await tenant.get<{ data: Message[] }>("/session/main/messages?limit=2&offset=2");
  expect(offset.body.data.map((message) => message.text)).toEqual(["three", "two"]);
  const none = await tenant.get<{ data: Message[] }>("/tenant/messages?status=FAILED");
  expect(none.body.data).toEqual([]);
  const chat = await tenant.get<{ data: Message[] }>(`/tenant/messages?chat=${ada.number}`);
  expect(chat.body.data).toHaveLength(texts.length);
});
