import { randomUUID } from "node:crypto";
import type { Addresses } from "../../local/addresses.ts";
import type { Message } from "../../shared/message.ts";
import type { Session } from "../../shared/session.ts";

export interface Answer<Body> {
  status: number;
  headers: Headers;
  body: Body;
}

/** One JSON request; `body` of the answer is its JSON, or undefined where there is none. */
export async function call<Body = Record<string, unknown>>(
  method: string,
  url: string,
  options: { headers?: Record<string, string>; body?: unknown } = {},
): Promise<Answer<Body>> {
  const response = await fetch(url, {
    method,
    headers: {
      ...(options.body === undefined ? {} : { "content-type": "application/json" }),
      ...options.headers,
    },
    ...(options.body === undefined ? {} : { body: JSON.stringify(options.body) }),
  });
  const text = await response.text();
  return {
    status: response.status,
    headers: response.headers,
    body: (text === "" ? undefined : JSON.parse(text)) as Body,
  };
}

/** A tenant with a key for the sandbox, as its backend would use it. */
export interface Tenant {
  id: string;
  key: string;
  url: string;
  headers: Record<string, string>;
  get<Body = Record<string, unknown>>(path: string): Promise<Answer<Body>>;
  post<Body = Record<string, unknown>>(
    path: string,
    body?: unknown,
    headers?: Record<string, string>,
  ): Promise<Answer<Body>>;
  delete(path: string): Promise<Answer<unknown>>;
}

/** A new tenant, made by the admin API. */
export async function addTenant(
  addresses: Addresses,
  settings: Record<string, unknown> = {},
): Promise<Tenant> {
  const id = `t-${randomUUID().slice(0, 8)}`;
  const admin = { headers: { "X-Admin-Key": addresses.adminKey } };
  const made = await call("POST", `${addresses.apiUrl}/admin/tenants`, {
    ...admin,
    body: { tenant_id: id, name: id, rate_limit_per_minute: 10_000, ...settings },
  });
  if (made.status !== 201) throw new Error(`No tenant: ${JSON.stringify(made.body)}`);
  return addKey(addresses, id);
}

/** The tenant with another key of its own. */
export async function addKey(addresses: Addresses, tenantId: string): Promise<Tenant> {
  const issued = await call<{ key: string }>(
    "POST",
    `${addresses.apiUrl}/admin/tenants/${tenantId}/keys`,
    {
      headers: { "X-Admin-Key": addresses.adminKey },
      body: { name: "test", network: "sandbox" },
    },
  );
  return tenantOf(addresses.apiUrl, tenantId, issued.body.key);
}

export function tenantOf(url: string, id: string, key: string): Tenant {
  const headers = { "X-Api-Key": key };
  return {
    id,
    key,
    url,
    headers,
    get: (path) => call("GET", url + path, { headers }),
    post: (path, body = {}, more = {}) =>
      call("POST", url + path, { headers: { ...headers, ...more }, body }),
    delete: (path) => call("DELETE", url + path, { headers }),
  };
}

/** Asks again until the answer satisfies, for at most `timeoutMs`; gives that answer. */
export async function until<Value>(
  ask: () => Promise<Value>,
  satisfies: (value: Value) => boolean,
  timeoutMs = 15_000,
): Promise<Value> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const value = await ask();
    if (satisfies(value)) return value;
    if (Date.now() > deadline)
      throw new Error(`Still ${JSON.stringify(value)} after ${timeoutMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

export async function waitForState(
  tenant: Tenant,
  sessionId: string,
  state: Session["state"],
): Promise<Session> {
  const answer = await until(
    () => tenant.get<Session>(`/session/${sessionId}/status`),
    ({ body }) => body.state === state,
    30_000,
  );
  return answer.body;
}

export async function waitForStatus(
  tenant: Tenant,
  message: Pick<Message, "id" | "session_id">,
  status: Message["status"],
): Promise<Message> {
  const answer = await until(
    () => tenant.get<{ data: Message[] }>(`/session/${message.session_id}/messages`),
    ({ body }) => body.data.some(({ id, status: now }) => id === message.id && now === status),
  );
  const found = answer.body.data.find(({ id }) => id === message.id);
  if (found === undefined) throw new Error("The message is gone");
  return found;
}
