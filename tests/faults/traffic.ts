import { setTimeout as sleep } from "node:timers/promises";
import type { Message } from "../../shared/message.ts";
import type { Phone } from "../support/phone.ts";
import type { Random } from "./random.ts";
import { type Member, sendIntervalMs, type Environment } from "./environment.ts";

/** Part of every message text; it must appear in no log. */
export const textMark = "Geheimnis";

/** What a customer requested, with every answer. */
export interface SendRequest {
  member: Member;
  to: string;
  text: string;
  key: string | undefined;
  /** Inserted into the queue by SQL, as the README shows: there is no answer. */
  queued: boolean;
  answers: { status: number; code?: string; message?: Message }[];
}

/** What a phone was told to send; `id` once the phone confirmed it. */
export interface PhoneMessageSent {
  from: string;
  to: Member;
  text: string;
  id: string | undefined;
}

export interface Traffic {
  sendRequests: SendRequest[];
  phoneMessages: PhoneMessageSent[];
  /** Resolves when no new traffic starts and every send with a key has its 201. */
  stop(): Promise<void>;
}

const requestTimeoutMs = 45_000;
/** Slower than the pace of the queue, so that it is empty soon after the last fault. */
const queueEveryMs = 4 * sendIntervalMs;
const retryDelayMs = 300;
/** How long a keyed send may still fail after the last fault. */
const keyedRetryLimitMs = 90_000;

export function startTraffic(environment: Environment, pauseMs: number): Traffic {
  const sendRequests: SendRequest[] = [];
  const phoneMessages: PhoneMessageSent[] = [];
  const over = new AbortController();
  let count = 0;
  const sends: Promise<void>[] = [];

  async function customer(member: Member, random: Random): Promise<void> {
    while (!over.signal.aborted) {
      const to = random.pick(environment.contacts);
      const text = `${textMark} out ${(count += 1)}`;
      const key = random.chance(0.5) ? `key-${text}` : undefined;
      const request: SendRequest = { member, to: to.number, text, key, queued: false, answers: [] };
      sendRequests.push(request);
      const sending = send(request, () => over.signal.aborted);
      sends.push(sending);
      // Some callers wait for the answer, others send concurrently.
      await (random.chance(0.5) ? sending : sleep(random.between(0, pauseMs)));
    }
  }

  async function queue(member: Member, random: Random): Promise<void> {
    while (!over.signal.aborted) {
      const to = random.pick(environment.contacts).number;
      const text = `${textMark} queued ${(count += 1)}`;
      const inserted = await environment.pool
        .query(
          `insert into messages (phone_number, message, status, platform, session_id)
             values ($1, $2, 'QUEUED', 'WHATSAPP', $3)`,
          [to, text, `${member.tenant.id}_${member.sessionId}`],
        )
        .then(
          () => true,
          () => false, // The connection was cut.
        );
      if (inserted)
        sendRequests.push({ member, to, text, key: undefined, queued: true, answers: [] });
      await sleep(queueEveryMs);
    }
  }

  async function person(contact: Phone, random: Random): Promise<void> {
    while (!over.signal.aborted) {
      const to = random.pick(environment.members);
      const phoneMessage: PhoneMessageSent = {
        from: contact.number,
        to,
        text: `${textMark} in ${(count += 1)}`,
        id: undefined,
      };
      phoneMessages.push(phoneMessage);
      // The sandbox may be down.
      const message = await contact.say(to.owner.number, phoneMessage.text).catch(() => undefined);
      phoneMessage.id = message?.id;
      await sleep(random.between(0, pauseMs));
    }
  }

  const loops = [
    ...environment.members.map((member) => customer(member, environment.random.fork())),
    ...environment.members.map((member) => queue(member, environment.random.fork())),
    ...environment.contacts.map((contact) => person(contact, environment.random.fork())),
  ];
  return {
    sendRequests,
    phoneMessages,
    async stop() {
      over.abort();
      await Promise.all(loops);
      await Promise.all(sends);
    },
  };
}

/** A request with a key is repeated until it gets 201, as the API allows. */
async function send(request: SendRequest, isOver: () => boolean): Promise<void> {
  let overSince: number | undefined;
  for (;;) {
    const answer = await once(request);
    request.answers.push(answer);
    if (request.key === undefined || answer.status === 201) return;
    if (isOver()) overSince ??= Date.now();
    if (overSince !== undefined && Date.now() - overSince > keyedRetryLimitMs) return;
    await sleep(retryDelayMs);
  }
}

async function once({
  member,
  to,
  text,
  key,
}: SendRequest): Promise<SendRequest["answers"][number]> {
  const { tenant, sessionId } = member;
  try {
    const response = await fetch(`${tenant.url}/session/${sessionId}/send`, {
      method: "POST",
      headers: {
        ...tenant.headers,
        "content-type": "application/json",
        ...(key === undefined ? {} : { "Idempotency-Key": key }),
      },
      body: JSON.stringify({ to, message: text }),
      signal: AbortSignal.timeout(requestTimeoutMs),
    });
    const body = (await response.json()) as Message & { code?: string };
    return response.ok
      ? { status: response.status, message: body }
      : { status: response.status, ...(body.code === undefined ? {} : { code: body.code }) };
  } catch {
    return { status: 0 };
  }
}
