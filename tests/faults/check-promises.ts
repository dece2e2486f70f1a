import type { Message } from "../../shared/message.ts";
import { call, type Tenant } from "../support/api.ts";
import type { PhoneMessage } from "../support/phone.ts";
import type { SendRequest, Traffic } from "./traffic.ts";
import { linkedDevices, type Environment } from "./environment.ts";

type Listed = Pick<
  Message,
  "id" | "session_id" | "direction" | "text" | "status" | "wa_message_id" | "error"
>;

interface StoredEvent {
  seq: number;
  id: string;
  type: string;
  message_id: string | null;
  direction: string | null;
}

/** One line for every broken promise; empty when all were kept. */
export async function checkPromises(environment: Environment, traffic: Traffic): Promise<string[]> {
  const phones = new Map<string, PhoneMessage[]>();
  const { sandboxUrl } = environment.stack.addresses;
  const numbers = [...environment.contacts, ...environment.members.map(({ owner }) => owner)];
  for (const { number } of numbers) {
    const { body } = await call<{ data: PhoneMessage[] }>(
      "GET",
      `${sandboxUrl}/phones/${number}/messages`,
    );
    phones.set(number, body.data);
  }

  const violations = await checkSessions(environment);
  for (const customer of environment.customers) {
    const { tenant } = customer;
    const history = await historyOf(tenant);
    const events = await eventsOf(environment, tenant);
    violations.push(
      ...checkSends({
        sendRequests: traffic.sendRequests.filter(({ member }) => member.tenant === tenant),
        history,
        phones,
      }),
      ...checkReceived({ environment, tenant, history, phones, traffic, events }),
      ...checkEvents(events, customer.reader.seqs()),
      ...(await checkDeliveries(environment, tenant, {
        events,
        accepted: customer.receiver.accepted,
      })),
    );
  }
  return violations;
}

async function checkSessions({ members }: Environment): Promise<string[]> {
  const violations: string[] = [];
  for (const { tenant, sessionId, owner, deviceId } of members) {
    const { body } = await tenant.get<{ state: string }>(`/session/${sessionId}/status`);
    if (body.state !== "connected") violations.push(`${sessionId} is ${body.state}, not connected`);
    const devices = await linkedDevices(owner);
    if (devices.length !== 1 || devices[0]?.id !== deviceId) {
      violations.push(`${sessionId} is not the same device as before: ${JSON.stringify(devices)}`);
    }
  }
  return violations;
}

function checkSends(input: {
  sendRequests: SendRequest[];
  history: Listed[];
  phones: Map<string, PhoneMessage[]>;
}): string[] {
  const violations: string[] = [];
  for (const { to, text, key, queued, answers } of input.sendRequests) {
    const rows = input.history.filter((row) => row.direction === "out" && row.text === text);
    const there = (input.phones.get(to) ?? []).filter(
      (message) => message.direction === "in" && message.text === text,
    );
    const report = (what: string) =>
      violations.push(
        `${text}${key === undefined ? "" : " (key)"}: ${what}; answers ${summaryOf(answers)}; ` +
          `history ${rows.map((row) => `${row.status} ${row.error?.code ?? ""}`).join()}; ` +
          `at the phone ${there.length}`,
      );
    const last = answers.at(-1);
    if (queued && there.length === 0) report("queued, never arrived");
    if (there.length > 1) report("doubled");
    if (rows.length > 1) report("stored twice");
    if (key !== undefined && last?.status !== 201) report("never answered 201");
    const took = answers.find(({ status }) => status === 201)?.message;
    if (took !== undefined && there[0]?.id !== took.wa_message_id)
      report("answered 201, never arrived");
    if (there.length > 0 && rows[0]?.wa_message_id !== there[0]?.id)
      report("arrived under an id that is not stored");
    const row = rows[0];
    if (row?.status === "QUEUED" || row?.status === "SENDING" || row?.status === "SENT")
      report("stuck");
    if (row?.status === "FAILED")
      report(there.length > 0 ? "FAILED but arrived" : "failed without a reason");
    if (answers.some(({ status }) => status >= 400 && status < 500 && status !== 409)) {
      report("refused without a reason");
    }
  }
  return violations;
}

function summaryOf(answers: SendRequest["answers"]): string {
  return answers
    .map(({ status, code, message }) => `${status} ${code ?? message?.status ?? ""}`.trim())
    .slice(-4)
    .join(", ");
}

function checkReceived(input: {
  environment: Environment;
  tenant: Tenant;
  history: Listed[];
  phones: Map<string, PhoneMessage[]>;
  traffic: Traffic;
  events: StoredEvent[];
}): string[] {
  const violations: string[] = [];
  const { environment, tenant, history, phones, traffic, events } = input;
  const received = countBy(
    events.filter(({ type }) => type === "message.received"),
    ({ message_id }) => message_id,
  );
  for (const { sessionId, owner } of environment.members.filter(
    (member) => member.tenant === tenant,
  )) {
    const rows = history.filter((row) => row.direction === "in" && row.session_id === sessionId);
    const byText = Map.groupBy(rows, (row) => row.text);
    for (const { number } of environment.contacts) {
      const sent = (phones.get(number) ?? []).filter(
        (message) => message.direction === "out" && message.to === owner.number,
      );
      for (const { text } of sent) {
        const found = byText.get(text) ?? [];
        if (found.length !== 1) violations.push(`${text}: ${found.length} times in history`);
      }
    }
    for (const row of rows) {
      const count = received.get(row.id) ?? 0;
      if (count !== 1) violations.push(`${row.text}: ${count} events message.received`);
    }
    for (const { text, id, to } of traffic.phoneMessages) {
      if (id === undefined || to.owner !== owner) continue;
      if (!byText.has(text)) violations.push(`${text}: phoneMessages, and lost`);
    }
  }
  return violations;
}

const ranks = ["message.failed", "message.sent", "message.delivered", "message.read"];

function checkEvents(events: StoredEvent[], streamed: number[]): string[] {
  const violations: string[] = [];
  const head = events.length;
  events.forEach(({ seq }, index) => {
    if (seq !== index + 1) violations.push(`event ${index + 1} has seq ${seq}`);
  });
  const firstOdd = streamed.findIndex((seq, index) => seq !== index + 1);
  if (firstOdd >= 0) {
    violations.push(
      `the stream delivered ${streamed.slice(firstOdd, firstOdd + 3).join()} at place ${firstOdd + 1}`,
    );
  } else if (streamed.length !== head) {
    violations.push(`the stream delivered ${streamed.length} of ${head} events`);
  }
  const reached = new Map<string, number>();
  for (const { type, message_id: id, direction, seq } of events) {
    if (id === null || direction !== "out") continue;
    const rank = ranks.indexOf(type);
    if (rank <= (reached.get(id) ?? -1))
      violations.push(`event ${seq}: ${type} after ${ranks[reached.get(id) ?? 0]}`);
    reached.set(id, rank);
  }
  return violations;
}

async function checkDeliveries(
  { pool }: Environment,
  tenant: Tenant,
  { events, accepted }: { events: StoredEvent[]; accepted: string[] },
): Promise<string[]> {
  const arrived = new Set(accepted);
  const missing = events.filter(({ id }) => !arrived.has(id));
  if (missing.length === 0) return [];
  const { rows } = await pool.query<{ status: string; count: string }>(
    `select status, count(*) from webhook_deliveries where tenant_id = $1 group by 1`,
    [tenant.id],
  );
  const states = rows.map(({ status, count }) => `${count} ${status}`).join(", ");
  return [`${missing.length} events never arrived at the webhook (${states})`];
}

async function historyOf(tenant: Tenant): Promise<Listed[]> {
  const history: Listed[] = [];
  let cursor: string | null = "";
  while (cursor !== null) {
    const { body }: { body: { data: Listed[]; next_cursor: string | null } } = await tenant.get(
      `/tenant/messages?limit=100${cursor === "" ? "" : `&cursor=${encodeURIComponent(cursor)}`}`,
    );
    history.push(...body.data);
    cursor = body.next_cursor;
  }
  return history;
}

async function eventsOf({ pool }: Environment, tenant: Tenant): Promise<StoredEvent[]> {
  const { rows } = await pool.query<StoredEvent>(
    `select seq::int, id, type, case when type like 'message.%' then data ->> 'id' end as message_id,
            data ->> 'direction' as direction
       from event_resources where tenant_id = $1 order by seq`,
    [tenant.id],
  );
  return rows;
}

function countBy<Item>(items: Item[], keyOf: (item: Item) => string | null): Map<string, number> {
  const counts = new Map<string, number>();
  for (const item of items) {
    const key = keyOf(item) ?? "";
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return counts;
}
