import { expect, inject, test } from "vitest";
import { addTenant, call, until, waitForState } from "./support/api.ts";
import { addPhone, pairSession } from "./support/phone.ts";
import { openStream } from "./support/sse.ts";

const { apiUrl, sandboxUrl } = inject("addresses");
const sandbox = sandboxUrl ?? "";

test("a session shows a QR in every form, a phone scans it, and it is connected", async () => {
  const tenant = await addTenant(inject("addresses"));
  const created = await tenant.post("/tenant/sessions", {
    session_id: "main",
    name: "Main WhatsApp Number",
    description: "Primary customer support line",
  });
  expect(created.status).toBe(201);
  expect(created.body).toMatchObject({ session_id: "main", network: "sandbox", phone: null });

  const qr = await tenant.get<Record<string, string>>("/session/main/qr");
  expect(qr.body).toMatchObject({
    session_id: "main",
    state: "qr",
    qr: expect.stringContaining("#"),
    image: expect.stringMatching(/^data:image\/png;base64,/),
    expires_at: expect.any(String),
  });
  const image = async (query: string, accept: string) => {
    const response = await fetch(`${apiUrl}/session/main/qr${query}`, {
      headers: { ...tenant.headers, accept },
    });
    return {
      type: response.headers.get("content-type"),
      bytes: Buffer.from(await response.arrayBuffer()),
    };
  };
  const png = await image("?format=png", "*/*");
  expect(png.type).toBe("image/png");
  expect(png.bytes.subarray(1, 4).toString()).toBe("PNG");
  const svg = await image("", "image/svg+xml");
  expect(svg.type).toContain("image/svg+xml");
  expect(svg.bytes.toString()).toContain("<svg");

  const phone = await addPhone(sandbox);
  expect((await phone.post("/scan", { qr: qr.body["qr"] })).status).toBeLessThan(300);
  const session = await waitForState(tenant, "main", "connected");
  expect(session).toMatchObject({ phone: phone.number, lid: expect.stringContaining("@lid") });
  expect(session.connected_at).not.toBeNull();
  const linked = await phone.get<{ linked_devices: unknown[] }>("");
  expect(linked.body.linked_devices).toHaveLength(1);
});

test("a session pairs by a code typed on the phone, and a wrong code links nothing", async () => {
  const tenant = await addTenant(inject("addresses"));
  await tenant.post("/tenant/sessions", { session_id: "main", name: "Main" });
  const phone = await addPhone(sandbox);

  const answer = await tenant.post<{ code: string }>("/session/main/pairing-code", {
    phone: phone.number,
  });
  expect(answer.status).toBe(200);
  expect(answer.body.code).toMatch(/^[A-Z0-9]{4}-[A-Z0-9]{4}$/);

  const wrong = answer.body.code.startsWith("A") ? "BBBB-BBBB" : "AAAA-AAAA";
  expect((await phone.post("/link", { code: wrong })).status).toBeGreaterThanOrEqual(400);
  expect((await phone.post("/link", { code: answer.body.code })).status).toBeLessThan(300);
  expect(await waitForState(tenant, "main", "connected")).toMatchObject({ phone: phone.number });
});

test("logged out from the phone, a session says so and shows a new QR by itself", async () => {
  const tenant = await addTenant(inject("addresses"));
  const phone = await pairSession(tenant, sandbox);
  const stream = await openStream(tenant, "/tenant/events/stream");

  const { body } = await phone.get<{ linked_devices: { id: string }[] }>("");
  await phone.delete(`/linked-devices/${body.linked_devices[0]?.id}`);

  const gone = await stream.next((event) => event.type === "session.disconnected");
  expect(gone.data).toMatchObject({ last_disconnect: { reason: "logged_out" } });
  const fresh = await stream.next((event) => event.type === "session.qr_code");
  await phone.post("/scan", { qr: fresh.data["qr"] });
  await waitForState(tenant, "main", "connected");
  stream.close();
});

test("disconnected by its tenant, a session stays so until it is asked for again", async () => {
  const tenant = await addTenant(inject("addresses"));
  await pairSession(tenant, sandbox);

  const stopped = await tenant.post("/session/main/disconnect");
  expect(stopped.body).toMatchObject({ state: "disconnected" });
  const refused = await tenant.post("/session/main/send", { to: "393331234567", message: "x" });
  expect(refused.status).toBe(409);
  expect(refused.body).toMatchObject({ code: "session_not_connected" });

  await tenant.post("/session/main/connect");
  await waitForState(tenant, "main", "connected");
});

test("a new QR is made when it is asked for", async () => {
  const tenant = await addTenant(inject("addresses"));
  await tenant.post("/tenant/sessions", { session_id: "main", name: "Main" });
  const first = await tenant.get<{ qr: string }>("/session/main/qr");
  const second = await tenant.post<{ qr: string }>("/session/main/regenerate-qr");
  expect(second.body.qr).toContain("#");
  expect(second.body.qr).not.toBe(first.body.qr);
});

test("a deleted session is gone, at the phone too", async () => {
  const tenant = await addTenant(inject("addresses"));
  const phone = await pairSession(tenant, sandbox);
  expect((await tenant.delete("/session/main")).status).toBe(204);
  expect((await tenant.get("/session/main/status")).status).toBe(404);
  await until(
    () => phone.get<{ linked_devices: unknown[] }>(""),
    ({ body }) => body.linked_devices.length === 0,
  );
});

test("the description of the API is OpenAPI 3.1 and names every route used here", async () => {
  const { body } = await call<{ openapi: string; paths: object }>("GET", `${apiUrl}/openapi.json`);
  expect(body.openapi).toMatch(/^3\.1/);
  expect(Object.keys(body.paths)).toEqual(
    expect.arrayContaining([
      "/tenant/sessions",
      "/session/{sessionId}",
      "/session/{sessionId}/qr",
      "/session/{sessionId}/send",
      "/session/{sessionId}/messages",
      "/tenant/messages",
      "/health",
    ]),
  );
});
