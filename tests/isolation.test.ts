import { expect, inject, test } from "vitest";
import type { Message } from "../shared/message.ts";
import type { Session } from "../shared/session.ts";
import { addTenant, call, until } from "./support/api.ts";
import { addPhone, pairSession } from "./support/phone.ts";
import { openStream } from "./support/sse.ts";

const addresses = inject("addresses");
const sandbox = addresses.sandboxUrl ?? "";

test("two tenants with a session of the same id see nothing of each other", async () => {
  const [one, two] = [await addTenant(addresses), await addTenant(addresses)];
  const [ownerOne, ownerTwo] = [await pairSession(one, sandbox), await pairSession(two, sandbox)];
  const ada = await addPhone(sandbox);
  const [streamOne, streamTwo] = [
    await openStream(one, "/tenant/events/stream"),
    await openStream(two, "/tenant/events/stream"),
  ];

  await ada.say(ownerOne.number, "for one");
  await ada.say(ownerTwo.number, "for two");
  await streamOne.next((event) => event.data["text"] === "for one");
  await streamTwo.next((event) => event.data["text"] === "for two");

  const texts = async (tenant: typeof one) =>
    (await tenant.get<{ data: Message[] }>("/tenant/messages")).body.data.map(({ text }) => text);
  expect(await texts(one)).toEqual(["for one"]);
  expect(await texts(two)).toEqual(["for two"]);
  expect(new Set(streamOne.events.map((event) => event.tenant_id))).toEqual(new Set([one.id]));
  expect(new Set(streamTwo.events.map((event) => event.tenant_id))).toEqual(new Set([two.id]));
  const { body } = await one.get<{ data: Session[] }>("/tenant/sessions");
  expect(body.data.map((session) => session.phone)).toEqual([ownerOne.number]);
  streamOne.close();
  streamTwo.close();
});

test.each([
  ["GET", "/session/secret"],
  ["GET", "/session/secret/status"],
  ["GET", "/session/secret/qr"],
  ["POST", "/session/secret/regenerate-qr"],
  ["POST", "/session/secret/disconnect"],
  ["POST", "/session/secret/connect"],
  ["POST", "/session/secret/pairing-code"],
  ["POST", "/session/secret/send"],
  ["GET", "/session/secret/messages"],
  ["GET", "/session/secret/messages/stream"],
  ["DELETE", "/session/secret"],
])("%s %s of another tenant is answered as if it did not exist", async (method, path) => {
  const [owner, stranger] = [await addTenant(addresses), await addTenant(addresses)];
  await owner.post("/tenant/sessions", { session_id: "secret", name: "Secret" });
  const body = path.endsWith("send")
    ? { to: "393331234567", message: "x" }
    : path.endsWith("code")
      ? { phone: "393331234567" }
      : undefined;
  const ask = (wanted: string) =>
    call(method, addresses.apiUrl + wanted, { headers: stranger.headers, body });

  const others = await ask(path);
  const absent = await ask(path.replace("secret", "absent"));
  expect(others.status).toBe(404);
  const told = (answer: typeof others) =>
    JSON.stringify({ ...answer.body, request_id: null }).replaceAll("absent", "secret");
  expect(told(others)).toBe(told(absent));
});

test.each([
  ["no key", {}],
  ["an unknown key", { "X-Api-Key": "sk_test_doesnotexist0000" }],
])("with %s nothing is answered but 401", async (_, headers) => {
  for (const path of [
    "/tenant/sessions",
    "/tenant/messages",
    "/tenant/events/stream",
    "/session/x/qr",
  ]) {
    const answer = await call("GET", addresses.apiUrl + path, { headers });
    expect(answer).toMatchObject({ status: 401, body: { code: "unauthorized" } });
  }
});

test("a revoked key is refused within 10 seconds", async () => {
  const tenant = await addTenant(addresses);
  expect((await tenant.get("/tenant/sessions")).status).toBe(200);
  const admin = { headers: { "X-Admin-Key": addresses.adminKey } };
  const keys = `${addresses.apiUrl}/admin/tenants/${tenant.id}/keys`;
  const { body } = await call<{ data: { id: string }[] }>("GET", keys, admin);
  await call("DELETE", `${keys}/${body.data[0]?.id}`, admin);
  await until(
    () => tenant.get("/tenant/sessions"),
    ({ status }) => status === 401,
    10_000,
  );
});
