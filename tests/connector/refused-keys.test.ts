import { afterAll, beforeAll, expect, test } from "vitest";
import { Stack } from "./stack.ts";

let stack: Stack;
beforeAll(async () => {
  stack = await Stack.start();
});
afterAll(() => stack.stop());

test("a session whose keys were refused begins again from the stored ones, and loses no message", async () => {
  const { database } = stack;
  const connector = await stack.startConnector();
  const { uid } = await stack.pair("refused", "393331000001");
  const to = "393331000002";
  await stack.phone("POST", "/phones", { phone: to, name: "Other" });
  const first = await stack.sendText(connector.url, { uid, to, text: "first" });
  await stack.untilMessage({ id: first.message.id, status: "DELIVERED" });

  await database.pool.query(`
    create function refuse() returns trigger language plpgsql as
      $$ begin raise exception 'refused' using errcode = '23514'; end $$;
    create trigger refuse before insert or update on signal_keys
      for each row execute function refuse()`);
  const sending = stack.sendText(connector.url, { uid, to, text: "second" });
  const closed = await stack.until("refused", ({ state }) => state === "reconnecting");
  expect(closed.uid).toBe(uid);
  await database.pool.query("drop trigger refuse on signal_keys");

  await stack.until("refused", ({ state }) => state === "connected");
  await sending.catch(() => undefined);
  await stack.untilMessage({ text: "second", status: "DELIVERED" });
  const third = await stack.sendText(connector.url, { uid, to, text: "third" });
  await stack.untilMessage({ id: third.message.id, status: "DELIVERED" });
  expect(await stack.phone("GET", `/phones/${to}/messages`)).toMatchObject({
    data: [{ text: "first" }, { text: "second" }, { text: "third" }],
  });
});
