import { setTimeout as sleep } from "node:timers/promises";
import type { Message } from "../../../shared/message.ts";
import type { Member } from "../environment.ts";

export interface SendAnswer {
  startedAt: number;
  answeredAt: number;
  /** 0 when there was no answer. */
  status: number;
  code?: string;
  message?: Message;
}

/** What a customer requested, with every answer. Times are milliseconds since the epoch. */
export interface SendRequest {
  member: Member;
  to: string;
  text: string;
  key: string | undefined;
  startedAt: number;
  /** The number that the session was linked to when it was requested. */
  number: string;
  /** The id of the row that was inserted into the queue by SQL: there is no answer. */
  queuedId: string | undefined;
  answers: SendAnswer[];
}

export const requestTimeoutMs = 45_000;
const retryDelayMs = 300;
/** How long a keyed send may still fail after the last fault. */
const keyedRetryLimitMs = 90_000;

/** A request with a key is repeated until it gets 201, as the API allows. */
export async function send(request: SendRequest, isOver: () => boolean): Promise<void> {
  let overSince: number | undefined;
  for (;;) {
    const answer = await once(request);
    request.answers.push(answer);
    if (request.key === undefined || answer.status === 201) return;
    // The outcome is final and the key replays it.
    if (answer.code === "message_rejected") return;
    if (isOver()) overSince ??= Date.now();
    if (overSince !== undefined && Date.now() - overSince > keyedRetryLimitMs) return;
    await sleep(retryDelayMs);
  }
}

async function once({ member, to, text, key }: SendRequest): Promise<SendAnswer> {
  const { tenant, sessionId } = member;
  const startedAt = Date.now();
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
    const answer = { startedAt, answeredAt: Date.now(), status: response.status };
    if (response.ok) return { ...answer, message: body };
    return body.code === undefined ? answer : { ...answer, code: body.code };
  } catch {
    return { startedAt, answeredAt: Date.now(), status: 0 };
  }
}
