import { afterAll, beforeAll, expect, test } from "vitest";
import { eventually, Stack } from "./stack.ts";

let stack: Stack;
const phone = "393331234567";
const writers = ["393337654321", "393338888888"];

beforeAll(async () => {
  stack = await Stack.start();
  for (const writer of writers) {
    await stack.phone("POST", "/phones", { phone: writer, name: `Writer ${writer}` });
  }
  await stack.startConnector();
  await stack.pair("main", phone);
});

afterAll(async () => {
  await stack.stop();
});

const perWriter = 250;

/** The numbers of the texts that are stored or reported after a later one of the same writer. */
function inversions(texts: string[]): string[] {
  const last = new Map<string, number>();
  return texts.filter((text) => {
    const [writer = "", number] = text.split(" ");
    const isLate = Number(number) < (last.get(writer) ?? -1);
    last.set(writer, Math.max(Number(number), last.get(writer) ?? -1));
    return isLate;
  });
}

test("messages that phones write in sequence keep their order through reconnects", async () => {
  const write = async (writer: string) => {
    for (let index = 0; index < perWriter; index += 1) {
      const text = `${writer} ${index}`;
      await stack.phone("POST", `/phones/${writer}/messages`, { to: phone, type: "text", text });
    }
  };
  const stored = async () => (await stack.events("message.received")).length;
  const drops = (async () => {
    for (const share of [0.1, 0.3, 0.5, 0.7]) {
      await eventually(stored, (count) => count >= share * perWriter * writers.length, "messages");
      await stack.phone("POST", "/faults", { kind: "drop-sockets", phone });
    }
  })();
  await Promise.all([...writers.map((writer) => write(writer)), drops]);

  await eventually(stored, (count) => count === perWriter * writers.length, "all messages");
  const events = await stack.events("message.received");
  expect(inversions(events.map((event) => String(event.data["text"])))).toEqual([]);
  const { rows } = await stack.database.pool.query<{ message: string }>(
    "select message from messages where direction = 'in' order by id",
  );
  expect(inversions(rows.map(({ message }) => message))).toEqual([]);
  const closed = await stack.events("session.disconnected");
  expect(closed).toHaveLength(4);
}, 120_000);
