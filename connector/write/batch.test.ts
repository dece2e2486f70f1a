import { expect, test } from "vitest";
import { joinWrites } from "./batch.ts";

const session = { uid: "a", epoch: 3 };
const row = (id: string, ciphertext: string | null) => ({ type: "session", id, ciphertext });

test("of a row that is written twice, the last version is kept", () => {
  const batch = joinWrites([
    { ...session, keys: [row("1", "old"), row("2", "x")], credentials: "c1" },
    { ...session, keys: [row("1", null)], credentials: "c2" },
  ]);
  expect(batch.sessions).toEqual([session]);
  expect(batch.keys).toEqual([
    { ...row("1", null), uid: "a" },
    { ...row("2", "x"), uid: "a" },
  ]);
  expect(batch.credentials).toEqual([{ uid: "a", ciphertext: "c2" }]);
});

test("keys written before a log-out are left out, keys written after it are kept", () => {
  const batch = joinWrites([
    { ...session, keys: [row("1", "old")], credentials: "old" },
    { uid: "b", epoch: 1, keys: [row("1", "other")] },
    { ...session, clearAuth: true },
    { ...session, keys: [row("2", "new")] },
  ]);
  expect(batch.clear_auth).toEqual(["a"]);
  expect(batch.credentials).toEqual([]);
  expect(batch.keys).toEqual([
    { ...row("1", "other"), uid: "b" },
    { ...row("2", "new"), uid: "a" },
  ]);
});

test("items keep their order", () => {
  const receipt = (id: string) =>
    ({ kind: "receipt", wa_message_id: id, status: "READ", at: null }) as const;
  const batch = joinWrites([
    { ...session, items: [receipt("1"), receipt("2")] },
    { uid: "b", epoch: 1, items: [receipt("3")] },
  ]);
  expect(
    batch.items.map((item) => item.uid + (item.kind === "receipt" ? item.wa_message_id : "")),
  ).toEqual(["a1", "a2", "b3"]);
});
