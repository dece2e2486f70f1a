import pino from "pino";
import { expect, test } from "vitest";
import { type Database, DatabaseError } from "../database/database.ts";
import { type OwnedSession, WriteQueue } from "./write-queue.ts";
import { MaybeWritten, NotWritten, type Write } from "./write.ts";

type Committed = { stale?: string[] };
type Batch = { sessions: OwnedSession[]; items: { id: string }[] };

/** A queue over a database that answers a batch with what `respond` says of it. */
function queueOver(respond: (ids: string[], call: number) => Promise<Committed>) {
  const batches: string[][] = [];
  const database = {
    call: async (_name: string, { writes }: { writes: Batch }) => {
      const ids = writes.items.map(({ id }) => id);
      batches.push(ids);
      const answer = await respond(ids, batches.length);
      return { stale: answer.stale ?? [], results: ids, notifications: [] };
    },
    close: () => Promise.resolve(),
  } as unknown as Database;
  const stale: OwnedSession[] = [];
  const queue = new WriteQueue({
    database,
    connectorId: "c",
    log: pino({ level: "silent" }),
    random: () => 0,
    onStale: (session) => stale.push(session),
    onCommit: () => undefined,
  });
  return { queue, batches, stale };
}

function write(id: string, epoch = 1): Write {
  return { uid: "s", epoch, items: [{ kind: "outcome", id, status: "SENT" }] };
}

const refused = new DatabaseError("violates a constraint", { code: "23514" });
const tooSlow = new DatabaseError("canceling statement due to timeout", { code: "57014" });
const noAnswer = new DatabaseError("no answer", { code: "" });

test("writes keep their order, and those that come during a request share the next one", async () => {
  const gate = Promise.withResolvers<Committed>();
  const { queue, batches } = queueOver((_ids, call) =>
    call === 1 ? gate.promise : Promise.resolve({}),
  );
  const first = queue.commit(write("1"));
  await expect.poll(() => batches.length).toBe(1);
  const others = ["2", "3", "4"].map((id) => queue.commit(write(id)));
  gate.resolve({});
  expect(await Promise.all([first, ...others])).toEqual([["1"], ["2"], ["3"], ["4"]]);
  expect(batches).toEqual([["1"], ["2", "3", "4"]]);
});

test("a write that the database refuses fails alone", async () => {
  const { queue } = queueOver(async (ids) => {
    if (ids.includes("bad")) throw refused;
    return {};
  });
  const results = await Promise.allSettled(
    ["1", "2", "bad", "4", "5"].map((id) => queue.commit(write(id))),
  );
  expect(results.map(({ status }) => status)).toEqual([
    "fulfilled",
    "fulfilled",
    "rejected",
    "fulfilled",
    "fulfilled",
  ]);
});

test("a batch that is too large for the statement timeout is halved, and loses nothing", async () => {
  const { queue, batches } = queueOver(async (ids) => {
    if (ids.length > 2) throw tooSlow;
    return {};
  });
  const ids = ["1", "2", "3", "4", "5", "6", "7"];
  await Promise.all(ids.map((id) => queue.commit(write(id))));
  expect(batches.filter((batch) => batch.length <= 2).flat()).toEqual(ids);
});

test("a write that is in a request when the queue closes may have been made; others were not", async () => {
  const { queue, batches } = queueOver(() => new Promise(() => undefined));
  const inRequest = queue.commit(write("1")).catch((error: unknown) => error);
  await expect.poll(() => batches.length).toBe(1);
  const waiting = queue.commit(write("2")).catch((error: unknown) => error);
  queue.close();
  expect(await inRequest).toBeInstanceOf(MaybeWritten);
  expect(await waiting).toBeInstanceOf(NotWritten);
  expect(await waiting).not.toBeInstanceOf(MaybeWritten);
});

test("a write whose first request got no answer may have been made, though it is stale now", async () => {
  const { queue } = queueOver(async (_ids, call) => {
    if (call === 1) throw noAnswer;
    return { stale: ["s"] };
  });
  await expect(queue.commit(write("1"))).rejects.toBeInstanceOf(MaybeWritten);
});

test("a stale write was not made", async () => {
  const { queue } = queueOver(() => Promise.resolve({ stale: ["s"] }));
  const error = await queue.commit(write("1")).catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(NotWritten);
  expect(error).not.toBeInstanceOf(MaybeWritten);
});

test("a late write of an ended session is not committed under the epoch of its successor", async () => {
  const { queue, batches, stale } = queueOver(async (ids) =>
    ids.includes("late") ? { stale: ["s"] } : {},
  );
  const late = queue.commit(write("late", 1)).catch((error: unknown) => error);
  const next = [queue.commit(write("2", 2)), queue.commit(write("3", 2))];
  expect(await late).toBeInstanceOf(NotWritten);
  expect(await Promise.all(next)).toEqual([["2"], ["3"]]);
  expect(batches).toEqual([["late"], ["2", "3"]]);
  expect(stale).toEqual([{ uid: "s", epoch: 1 }]);
});

test("dropping the writes of an ended session keeps those of its successor", async () => {
  const gate = Promise.withResolvers<Committed>();
  const { queue, batches } = queueOver((_ids, call) =>
    call === 1 ? gate.promise : Promise.resolve({}),
  );
  const first = queue.commit(write("1"));
  await expect.poll(() => batches.length).toBe(1);
  const late = queue.commit(write("late", 1)).catch((error: unknown) => error);
  const next = queue.commit(write("2", 2));
  queue.drop({ uid: "s", epoch: 1 });
  gate.resolve({});
  expect(await late).toBeInstanceOf(NotWritten);
  expect(await Promise.all([first, next])).toEqual([["1"], ["2"]]);
});
