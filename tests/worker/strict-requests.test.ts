import { afterAll, beforeAll, expect, test } from "vitest";
import { call, type Tenant } from "../support/api.ts";
import { adminKey, type ControlPlane, startControlPlane } from "./start-control-plane.ts";
import { addTenant } from "./tenants.ts";

let plane: ControlPlane;
let tenant: Tenant;
beforeAll(async () => {
  plane = await startControlPlane();
  tenant = await addTenant(plane);
});
afterAll(() => plane.stop());

interface Problem {
  code: string;
  errors: { field: string; detail: string }[];
}

interface Operation {
  requestBody?: { content: Record<string, unknown> };
}

/** Every operation of the OpenAPI document. */
async function operations() {
  const { body } = await call<{ paths: Record<string, Record<string, Operation>> }>(
    "GET",
    `${plane.url}/openapi.json`,
  );
  return Object.entries(body.paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, { requestBody }]) => ({
      method: method.toUpperCase(),
      path: path
        .replace("{tenantId}", tenant.id)
        .replaceAll(/\{\w+\}/g, "00000000-0000-4000-8000-000000000000"),
      takesJson: requestBody?.content["application/json"] !== undefined,
      takesForm: requestBody?.content["multipart/form-data"] !== undefined,
    })),
  );
}

function ask(method: string, path: string, body?: unknown) {
  return call<Problem>(method, plane.url + path, {
    headers: { ...tenant.headers, "X-Admin-Key": adminKey },
    ...(body === undefined ? {} : { body }),
  });
}

const unknown = "not_a_parameter";

test("an unknown query parameter is refused by every operation, and named", async () => {
  const all = await operations();
  expect(all.length).toBeGreaterThan(45);
  const accepted: string[] = [];
  for (const { method, path, takesJson } of all) {
    const { status, body } = await ask(method, `${path}?${unknown}=1`, takesJson ? {} : undefined);
    const isNamed = JSON.stringify(body ?? null).includes(`"field":"${unknown}"`);
    if (status !== 422 || !isNamed) accepted.push(`${method} ${path}: ${status}`);
  }
  expect(accepted).toEqual([]);
});

test("an unknown field of a body is refused by every operation, and named", async () => {
  const accepted: string[] = [];
  // The media endpoints leave their bodies to a connector: connector/media/receive-upload.ts.
  const all = (await operations()).filter(({ takesJson, takesForm }) => takesJson && !takesForm);
  expect(all.length).toBeGreaterThan(10);
  for (const { method, path } of all) {
    const { status, body } = await ask(method, path, { [unknown]: 1 });
    const isNamed = JSON.stringify(body ?? null).includes(`"field":"${unknown}"`);
    if (status !== 422 || !isNamed) accepted.push(`${method} ${path}: ${status}`);
  }
  expect(accepted).toEqual([]);
});

test.each([
  ["POST", "/session/main/send", {}, "to", "`to` is required"],
  [
    "POST",
    "/session/main/send",
    { to: "393331234567" },
    "message",
    "`message` is required: the text to send",
  ],
  ["POST", "/tenant/sessions", {}, "session_id", "`session_id` is required"],
  ["POST", "/tenant/sessions", { session_id: 1 }, "session_id", "`session_id` must be a string"],
  ["POST", "/tenant/keys", {}, "network", "`network` is required"],
  [
    "POST",
    "/tenant/webhooks",
    { url: "ftp://x" },
    "url",
    "`url` must be a URL that begins with https:// or http://",
  ],
  ["GET", "/tenant/messages?limit=x", undefined, "limit", "`limit` must be a number"],
  ["GET", "/tenant/messages?limit=101", undefined, "limit", "`limit` must be at most 100"],
])("%s %s with %j says what to do about %s", async (method, path, body, field, detail) => {
  const answer = await ask(method, path, body);
  expect(answer).toMatchObject({ status: 422, body: { code: "invalid_request" } });
  expect(answer.body.errors).toContainEqual({ field, detail });
});
