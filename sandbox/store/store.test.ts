import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, expect, test } from "vitest";
import { addMessage, listMessages } from "./messages.ts";
import { schema } from "./schema.ts";
import { Store } from "./store.ts";

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "sandbox-"));
});
afterEach(() => rmSync(directory, { recursive: true }));

test("a database of an earlier version gets the columns that it lacks", () => {
  const file = join(directory, "network.sqlite");
  const database = new DatabaseSync(file);
  database.exec(schema.replace("    notified INTEGER,\n", ""));
  database.exec(
    `INSERT INTO message (phone, id, direction, sender, recipient, peer_jid, type, timestamp,
       status, encoded_message) VALUES ('39', 'A', 'in', '1', '39', '1@lid', 'text', 1, 'read', x'')`,
  );
  database.close();
  const store = new Store(file);
  const [old] = listMessages(store, "39");
  expect(old).toMatchObject({ id: "A", notified: null });
  if (old) addMessage(store, "39", { ...old, id: "B", notified: false });
  expect(listMessages(store, "39")).toMatchObject([{ id: "A" }, { id: "B", notified: false }]);
  store.close();
});
