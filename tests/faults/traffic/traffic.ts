import { setTimeout as sleep } from "node:timers/promises";
import type { Phone } from "../../support/phone.ts";
import type { Environment, Member } from "../environment.ts";
import type { Random } from "../random.ts";
import { send, type SendRequest } from "./send.ts";

/** Part of every message text; it must appear in no log. */
export const textMark = "Geheimnis";

/** What a phone was told to send; `id` once the phone confirmed it. */
export interface PhoneMessageSent {
  from: string;
  to: Member;
  text: string;
  id: string | undefined;
}

export interface TrafficOptions {
  /** The longest pause of a customer and of a contact between two messages. */
  pauseMs: number;
  /** Whether rows are inserted into the queue by SQL. */
  queue: boolean;
  /** Whether contacts write at random. */
  incoming: boolean;
}

export const defaultTraffic: TrafficOptions = { pauseMs: 400, queue: true, incoming: true };

export interface Traffic {
  sendRequests: SendRequest[];
  phoneMessages: PhoneMessageSent[];
  /** One direct send besides the random ones; resolves with its last answer. */
  send(member: Member, options?: { to?: Phone | undefined; key?: boolean }): Promise<SendRequest>;
  /** One message of a contact besides the random ones. */
  say(contact: Phone, to: Member): Promise<PhoneMessageSent>;
  /** A row inserted into the queue; false if it could not be inserted. */
  queue(member: Member, to?: Phone): Promise<boolean>;
  /** Keeps contacts from writing to this member until resume(). */
  hush(member: Member): void;
  resume(member: Member): void;
  /** Resolves when no new traffic starts and every send with a key has its 201. */
  stop(): Promise<void>;
}

export function startTraffic(environment: Environment, options: TrafficOptions): Traffic {
  const { random, members, contacts, pool } = environment;
  const sendRequests: SendRequest[] = [];
  const phoneMessages: PhoneMessageSent[] = [];
  const hushed = new Set<Member>();
  const over = new AbortController();
  let count = 0;
  const sends: Promise<unknown>[] = [];

  const traffic: Traffic = {
    sendRequests,
    phoneMessages,
    async send(member, { to = random.pick(contacts), key = false } = {}) {
      const text = `${textMark} out ${(count += 1)}`;
      const request: SendRequest = {
        member,
        to: to.number,
        text,
        key: key ? `key-${text}` : undefined,
        startedAt: Date.now(),
        number: member.owner.number,
        queuedId: undefined,
        answers: [],
      };
      sendRequests.push(request);
      const sending = send(request, () => over.signal.aborted);
      sends.push(sending);
      await sending;
      return request;
    },
    async say(contact, to) {
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
      return phoneMessage;
    },
    async queue(member, to = random.pick(contacts)) {
      const text = `${textMark} queued ${(count += 1)}`;
      const startedAt = Date.now();
      const number = member.owner.number;
      const id = await pool
        .query<{ id: string }>(
          `insert into messages (phone_number, message, status, platform, session_id)
             values ($1, $2, 'QUEUED', 'WHATSAPP', $3) returning id`,
          [to.number, text, `${member.tenant.id}_${member.sessionId}`],
        )
        .then(
          ({ rows }) => rows[0]?.id,
          () => undefined, // The connection was cut.
        );
      if (id === undefined) return false;
      sendRequests.push({
        member,
        to: to.number,
        text,
        key: undefined,
        startedAt,
        number,
        queuedId: id,
        answers: [],
      });
      return true;
    },
    hush: (member) => void hushed.add(member),
    resume: (member) => void hushed.delete(member),
    async stop() {
      over.abort();
      await Promise.all(loops);
      await Promise.all(sends);
    },
  };

  async function customer(member: Member, own: Random): Promise<void> {
    while (!over.signal.aborted) {
      const sending = traffic.send(member, { to: own.pick(contacts), key: own.chance(0.5) });
      // Some callers wait for the answer, others send concurrently.
      await (own.chance(0.5) ? sending : sleep(own.between(0, options.pauseMs)));
      await sleep(own.between(0, options.pauseMs / 2));
    }
  }

  /** Slower than the pace of the queue, so that it is empty soon after the last fault. */
  async function queue(member: Member, own: Random): Promise<void> {
    while (!over.signal.aborted) {
      await traffic.queue(member, own.pick(contacts));
      await sleep(4 * environment.sendIntervalMs);
    }
  }

  async function person(contact: Phone, own: Random): Promise<void> {
    while (!over.signal.aborted) {
      const free = members.filter((member) => !hushed.has(member));
      if (free.length > 0) await traffic.say(contact, own.pick(free));
      await sleep(own.between(0, options.pauseMs));
    }
  }

  const loops = [
    ...members.map((member) => customer(member, random.fork())),
    ...(options.queue ? members.map((member) => queue(member, random.fork())) : []),
    ...(options.incoming ? contacts.map((contact) => person(contact, random.fork())) : []),
  ];
  return traffic;
}
