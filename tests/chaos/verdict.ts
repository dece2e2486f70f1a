import type { Message } from "../../shared/message.ts";
import { call, type Tenant } from "../support/api.ts";
import type { PhoneMessage } from "../support/phone.ts";
import type { Asked, Traffic } from "./traffic.ts";
import { linkedDevices, type World } from "./world.ts";

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

/** Everything that is wrong, one line each; nothing when every promise was kept. */
export async function judge(world: World, traffic: Traffic): Promise<string[]> {
  const phones = new Map<string, PhoneMessage[]>();
  const { sandboxUrl } = world.stack.addresses;
  const numbers = [...world.contacts, ...world.members.map(({ owner }) => owner)];
  for (const { number } of numbers) {
    const { body } = await call<{ data: PhoneMessage[] }>(
      "GET",
      `${sandboxUrl}/phones/${number}/messages`,
    );
    phones.set(number, body.data);
  }

  const wrong = await judgeSessions(world);
  for (const customer of world.customers) {
    const { tenant } = customer;
    const history = await historyOf(tenant);
    const events = await eventsOf(world, tenant);
    wrong.push(
      ...judgeSends({
        asked: traffic.asked.filter(({ member }) => member.tenant === tenant),
        history,
        phones,
      }),
      ...judgeArrivals({ world, tenant, history, phones, traffic, events }),
      ...judgeEvents(events, customer.reader.seqs()),
      ...(await judgeDeliveries(world, tenant, { events, taken: customer.receiver.taken })),
    );
  }
  return wrong;
}

async function judgeSessions({ members }: World): Promise<string[]> {
  const wrong: string[] = [];
  for (const { tenant, sessionId, owner, deviceId } of members) {
    const { body } = await tenant.get<{ state: string }>(`/session/${sessionId}/status`);
    if (body.state !== "connected") wrong.push(`${sessionId} is ${body.state}, not connected`);
    const devices = await linkedDevices(owner);
    if (devices.length !== 1 || devices[0]?.id !== deviceId) {
      wrong.push(`${sessionId} is not the device it was: ${JSON.stringify(devices)}`);
    }
  }
  return wrong;
}

function judgeSends(input: {
  asked: Asked[];
  history: Listed[];
  phones: Map<string, PhoneMessage[]>;
}): string[] {
  const wrong: string[] = [];
  for (const { to, text, key, queued, answers } of input.asked) {
    const rows = input.history.filter((row) => row.direction === "out" && row.text === text);
    const there = (input.phones.get(to) ?? []).filter(
      (message) => message.direction === "in" && message.text === text,
    );
    const say = (what: string) =>
      wrong.push(
        `${text}${key === undefined ? "" : " (key)"}: ${what}; answers ${summaryOf(answers)}; ` +
          `history ${rows.map((row) => `${row.status} ${row.error?.code ?? ""}`).join()}; ` +
          `at the phone ${there.length}`,
      );
    const last = answers.at(-1);
    if (queued && there.length === 0) say("queued, not there");
    if (there.length > 1) say("doubled");
    if (rows.length > 1) say("twice in history");
    if (key !== undefined && last?.status !== 201) say("never 201");
    const took = answers.find(({ status }) => status === 201)?.message;
    if (took !== undefined && there[0]?.id !== took.wa_message_id) say("answered 201, not there");
    if (there.length > 0 && rows[0]?.wa_message_id !== there[0]?.id) say("a ghost");
    const row = rows[0];
    if (row?.status === "QUEUED" || row?.status === "SENDING" || row?.status === "SENT")
      say("not final");
    if (row?.status === "FAILED") say(there.length > 0 ? "a lie" : "failed without a reason");
    if (answers.some(({ status }) => status >= 400 && status < 500 && status !== 409)) {
      say("refused without a reason");
    }
  }
  return wrong;
}

function summaryOf(answers: Asked["answers"]): string {
  return answers
    .map(({ status, code, message }) => `${status} ${code ?? message?.status ?? ""}`.trim())
    .slice(-4)
    .join(", ");
}

function judgeArrivals(input: {
  world: World;
  tenant: Tenant;
  history: Listed[];
  phones: Map<string, PhoneMessage[]>;
  traffic: Traffic;
  events: StoredEvent[];
}): string[] {
  const wrong: string[] = [];
  const { world, tenant, history, phones, traffic, events } = input;
  const received = countBy(
    events.filter(({ type }) => type === "message.received"),
    ({ message_id }) => message_id,
  );
  for (const { sessionId, owner } of world.members.filter((member) => member.tenant === tenant)) {
    const rows = history.filter((row) => row.direction === "in" && row.session_id === sessionId);
    const byText = Map.groupBy(rows, (row) => row.text);
    for (const { number } of world.contacts) {
      const sent = (phones.get(number) ?? []).filter(
        (message) => message.direction === "out" && message.to === owner.number,
      );
      for (const { text } of sent) {
        const found = byText.get(text) ?? [];
        if (found.length !== 1) wrong.push(`${text}: ${found.length} times in history`);
      }
    }
    for (const row of rows) {
      const count = received.get(row.id) ?? 0;
      if (count !== 1) wrong.push(`${row.text}: ${count} events message.received`);
    }
    for (const { text, id, to } of traffic.said) {
      if (id === undefined || to.owner !== owner) continue;
      if (!byText.has(text)) wrong.push(`${text}: said, and lost`);
    }
  }
  return wrong;
}

const ranks = ["message.failed", "message.sent", "message.delivered", "message.read"];

function judgeEvents(events: StoredEvent[], streamed: number[]): string[] {
  const wrong: string[] = [];
  const head = events.length;
  events.forEach(({ seq }, index) => {
    if (seq !== index + 1) wrong.push(`event ${index + 1} has the number ${seq}`);
  });
  const firstOdd = streamed.findIndex((seq, index) => seq !== index + 1);
  if (firstOdd >= 0) {
    wrong.push(
      `the stream brought ${streamed.slice(firstOdd, firstOdd + 3).join()} at place ${firstOdd + 1}`,
    );
  } else if (streamed.length !== head) {
    wrong.push(`the stream brought ${streamed.length} of ${head} events`);
  }
  const reached = new Map<string, number>();
  for (const { type, message_id: id, direction, seq } of events) {
    if (id === null || direction !== "out") continue;
    const rank = ranks.indexOf(type);
    if (rank <= (reached.get(id) ?? -1))
      wrong.push(`event ${seq}: ${type} after ${ranks[reached.get(id) ?? 0]}`);
    reached.set(id, rank);
  }
  return wrong;
}

async function judgeDeliveries(
  { pool }: World,
  tenant: Tenant,
  { events, taken }: { events: StoredEvent[]; taken: string[] },
): Promise<string[]> {
  const arrived = new Set(taken);
  const missing = events.filter(({ id }) => !arrived.has(id));
  if (missing.length === 0) return [];
  const { rows } = await pool.query<{ status: string; count: string }>(
    `select status, count(*) from webhook_deliveries where tenant_id = $1 group by 1`,
    [tenant.id],
  );
  const states = rows.map(({ status, count }) => `${count} ${status}`).join(", ");
  return [`${missing.length} events not at the webhook (${states})`];
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

async function eventsOf({ pool }: World, tenant: Tenant): Promise<StoredEvent[]> {
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
