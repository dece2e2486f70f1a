import { randomInt } from "node:crypto";
import { type Answer, call, type Tenant, until, waitForState } from "./api.ts";

export interface PhoneMessage {
  id: string;
  direction: "in" | "out";
  from: string;
  to: string;
  type: string;
  text: string;
  status?: string;
}

/** A simulated phone, driven over the sandbox's HTTP API. */
export interface Phone {
  number: string;
  url: string;
  get<Body>(path: string): Promise<Answer<Body>>;
  post<Body = Record<string, unknown>>(path: string, body: unknown): Promise<Answer<Body>>;
  delete(path: string): Promise<Answer<unknown>>;
  /** Waits until the phone has this text; gives that message. */
  received(text: string): Promise<PhoneMessage>;
  say(to: string, text: string): Promise<PhoneMessage>;
}

export async function addPhone(sandboxUrl: string, name = "Ada"): Promise<Phone> {
  const number = `39333${randomInt(1_000_000, 9_999_999)}`;
  const made = await call("POST", `${sandboxUrl}/phones`, { body: { phone: number, name } });
  if (made.status !== 201) throw new Error(`No phone: ${JSON.stringify(made.body)}`);
  return phoneAt(sandboxUrl, number);
}

/** A phone that is there already. */
export function phoneAt(sandboxUrl: string, number: string): Phone {
  const base = `${sandboxUrl}/phones/${number}`;
  return {
    number,
    url: base,
    get: (path) => call("GET", base + path),
    post: (path, body) => call("POST", base + path, { body }),
    delete: (path) => call("DELETE", base + path),
    async received(text) {
      const list = await until(
        () => messagesOf(base),
        (messages) =>
          messages.some((message) => message.direction === "in" && message.text === text),
      );
      const found = list.find((message) => message.text === text);
      if (found === undefined) throw new Error("The message is gone");
      return found;
    },
    async say(to, text) {
      const sent = await call<PhoneMessage>("POST", `${base}/messages`, {
        body: { to, type: "text", text },
      });
      if (sent.status >= 300) throw new Error(`Not sent: ${JSON.stringify(sent.body)}`);
      return sent.body;
    },
  };
}

async function messagesOf(base: string): Promise<PhoneMessage[]> {
  const { body } = await call<PhoneMessage[] | { data: PhoneMessage[] }>("GET", `${base}/messages`);
  return Array.isArray(body) ? body : body.data;
}

/** Creates a session, shows its QR to a new phone, and waits until it is connected. */
export async function pairSession(
  tenant: Tenant,
  sandboxUrl: string,
  sessionId = "main",
): Promise<Phone> {
  const created = await tenant.post("/tenant/sessions", { session_id: sessionId, name: "Main" });
  if (created.status !== 201) throw new Error(`No session: ${JSON.stringify(created.body)}`);
  const phone = await addPhone(sandboxUrl, "Owner");
  const { body } = await tenant.get<{ qr: string }>(`/session/${sessionId}/qr`);
  const scanned = await phone.post("/scan", { qr: body.qr });
  if (scanned.status >= 300) throw new Error(`Not scanned: ${JSON.stringify(scanned.body)}`);
  await waitForState(tenant, sessionId, "connected");
  return phone;
}
