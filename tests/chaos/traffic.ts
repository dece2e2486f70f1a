import { setTimeout as sleep } from "node:timers/promises";
import type { Message } from "../../shared/message.ts";
import type { Phone } from "../support/phone.ts";
import type { Random } from "./random.ts";
import { type Member, sendIntervalMs, type World } from "./world.ts";

/** A text is part of every message, and of no log. */
export const textMark = "Geheimnis";

/** What a customer asked for, and every answer there was. */
export interface Asked {
  member: Member;
  to: string;
  text: string;
  key: string | undefined;
  /** Written into the queue by SQL, as the README shows, and never answered. */
  queued: boolean;
  answers: { status: number; code?: string; message?: Message }[];
}

/** What a phone was asked to say; `id` when it said that it did. */
export interface Said {
  from: string;
  to: Member;
  text: string;
  id: string | undefined;
}

export interface Traffic {
  asked: Asked[];
  said: Said[];
  /** Resolves when nothing more is begun and every send with a key has its 201. */
  stop(): Promise<void>;
}

const askTimeoutMs = 45_000;
/** Slower than the queue may send: it must be empty soon after the storm. */
const queueEveryMs = 4 * sendIntervalMs;
const againAfterMs = 300;
/** How long a keyed send may still be answered with errors once the storm is over. */
const patienceMs = 90_000;

export function startTraffic(world: World, pauseMs: number): Traffic {
  const asked: Asked[] = [];
  const said: Said[] = [];
  const over = new AbortController();
  let count = 0;
  const sends: Promise<void>[] = [];

  async function customer(member: Member, random: Random): Promise<void> {
    while (!over.signal.aborted) {
      const to = random.pick(world.contacts);
      const text = `${textMark} out ${(count += 1)}`;
      const key = random.chance(0.5) ? `key-${text}` : undefined;
      const ask: Asked = { member, to: to.number, text, key, queued: false, answers: [] };
      asked.push(ask);
      const sending = send(ask, () => over.signal.aborted);
      sends.push(sending);
      // Some wait for the answer, some have many on their way.
      await (random.chance(0.5) ? sending : sleep(random.between(0, pauseMs)));
    }
  }

  async function queue(member: Member, random: Random): Promise<void> {
    while (!over.signal.aborted) {
      const to = random.pick(world.contacts).number;
      const text = `${textMark} queued ${(count += 1)}`;
      const inserted = await world.pool
        .query(
          `insert into messages (phone_number, message, status, platform, session_id)
             values ($1, $2, 'QUEUED', 'WHATSAPP', $3)`,
          [to, text, `${member.tenant.id}_${member.sessionId}`],
        )
        .then(
          () => true,
          () => false, // Its connection was cut.
        );
      if (inserted) asked.push({ member, to, text, key: undefined, queued: true, answers: [] });
      await sleep(queueEveryMs);
    }
  }

  async function person(contact: Phone, random: Random): Promise<void> {
    while (!over.signal.aborted) {
      const to = random.pick(world.members);
      const saying: Said = {
        from: contact.number,
        to,
        text: `${textMark} in ${(count += 1)}`,
        id: undefined,
      };
      said.push(saying);
      // The network may be away.
      const message = await contact.say(to.owner.number, saying.text).catch(() => undefined);
      saying.id = message?.id;
      await sleep(random.between(0, pauseMs));
    }
  }

  const loops = [
    ...world.members.map((member) => customer(member, world.random.fork())),
    ...world.members.map((member) => queue(member, world.random.fork())),
    ...world.contacts.map((contact) => person(contact, world.random.fork())),
  ];
  return {
    asked,
    said,
    async stop() {
      over.abort();
      await Promise.all(loops);
      await Promise.all(sends);
    },
  };
}

/** With a key it is asked again until it is answered 201, as the API says one may. */
async function send(ask: Asked, isOver: () => boolean): Promise<void> {
  let overSince: number | undefined;
  for (;;) {
    const answer = await once(ask);
    ask.answers.push(answer);
    if (ask.key === undefined || answer.status === 201) return;
    if (isOver()) overSince ??= Date.now();
    if (overSince !== undefined && Date.now() - overSince > patienceMs) return;
    await sleep(againAfterMs);
  }
}

async function once({ member, to, text, key }: Asked): Promise<Asked["answers"][number]> {
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
      signal: AbortSignal.timeout(askTimeoutMs),
    });
    const body = (await response.json()) as Message & { code?: string };
    return response.ok
      ? { status: response.status, message: body }
      : { status: response.status, ...(body.code === undefined ? {} : { code: body.code }) };
  } catch {
    return { status: 0 };
  }
}
