import type { Pool } from "pg";
import { z } from "zod";
import { identify } from "../auth/identify.ts";
import type { TokenVerifier } from "../auth/verify-token.ts";
import type { Caller } from "../database/database.ts";
import { header, readBody, reply, type Exchange } from "../http/exchange.ts";
import { HttpError } from "../http/http-error.ts";
import { checkPolicies } from "./check-policies.ts";
import type { Broadcast } from "./frame.ts";
import { topicKey, type Topics } from "./topics.ts";

const Batch = z.object({
  messages: z.array(
    z.object({
      topic: z.string().min(1),
      event: z.string().min(1),
      payload: z.unknown(),
      private: z.boolean().default(false),
    }),
  ),
});

export type BroadcastServices = {
  readonly topics: Topics;
  readonly owner: Pool;
  readonly verify: TokenVerifier;
};

type Message = { topic: string; isPrivate: boolean; broadcast: Broadcast };

/** `POST /realtime/v1/api/broadcast` and `.../broadcast/<topic>/events/<event>`: 202 when sent. */
export async function handleBroadcast(
  exchange: Exchange,
  services: BroadcastServices,
): Promise<void> {
  const caller = await identify(exchange, services.verify);
  if (exchange.method !== "POST") throw new HttpError(405, { message: "Method not allowed" });
  const messages = await readMessages(exchange);
  for (const message of messages) {
    if (message.isPrivate && !(await mayWrite(services, caller, message.topic))) continue;
    services.topics.broadcast(topicKey(message.topic, message.isPrivate), message.broadcast);
  }
  reply(exchange, { status: 202 });
}

async function readMessages(exchange: Exchange): Promise<Message[]> {
  const body = await readBody(exchange);
  const [, topic, event] = /\/api\/broadcast\/([^/]+)\/events\/([^/]+)$/.exec(exchange.path) ?? [];
  if (topic !== undefined && event !== undefined) {
    const isBinary = header(exchange, "content-type")?.startsWith("application/octet-stream");
    const payload = isBinary ? body : JSON.stringify(parseJson(body));
    return [
      {
        topic: decodeURIComponent(topic),
        isPrivate: exchange.query.get("private") === "true",
        broadcast: { event: decodeURIComponent(event), payload },
      },
    ];
  }
  const batch = Batch.safeParse(parseJson(body));
  if (!batch.success) throw new HttpError(422, { message: z.prettifyError(batch.error) });
  return batch.data.messages.map((message) => ({
    topic: message.topic,
    isPrivate: message.private,
    broadcast: { event: message.event, payload: JSON.stringify(message.payload ?? {}) },
  }));
}

async function mayWrite(
  services: BroadcastServices,
  caller: Caller,
  topic: string,
): Promise<boolean> {
  // As on PostgreSQL, no policy applies to this role.
  if (caller.role === "service_role") return true;
  return (await checkPolicies(services.owner, caller, topic)).write;
}

function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString("utf8"));
  } catch (cause) {
    throw new HttpError(400, { message: "The body is not valid JSON" }, { cause });
  }
}
