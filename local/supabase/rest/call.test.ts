import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { restFixtures, resetNotes } from "../testing/rest-fixtures.ts";
import { startTestProject, type TestProject } from "../testing/test-project.ts";

let project: TestProject;
beforeAll(async () => {
  project = await startTestProject(restFixtures);
});
afterAll(() => project.stop());
beforeEach(() => resetNotes(project.sql));

describe("calling functions", () => {
  it.each([
    ["scalar with a default argument", "add", { a: 1 }, 11],
    ["all arguments", "add", { a: 1, b: 2 }, 3],
    ["array argument", "shout", { words: ["a", "b,c"] }, "A B,C"],
    ["json argument", "echo", { doc: { a: [1, "x", null] } }, { a: [1, "x", null] }],
    ["void", "nothing", {}, null],
    ["set of scalars", "numbers", { n: 3 }, [1, 2, 3]],
    [
      "table",
      "pairs",
      {},
      [
        { name: "x", value: 1 },
        { name: "y", value: 2 },
      ],
    ],
    ["overload by names", "pick", { a: 1, b: 2 }, "two"],
  ] as const)("%s", async (_name, fn, args, expected) => {
    const { data, error } = await project.service.rpc(fn, args);
    expect(error).toBeNull();
    expect(data).toEqual(expected);
  });

  it("returns one row as an object", async () => {
    const row = await project.service.rpc("first").select("title, rank");
    expect(row.data).toEqual({ title: "alpha", rank: 1 });
    const single = await project.service.rpc("first").select("title").single();
    expect(single.data).toEqual({ title: "alpha" });
    expect((await project.service.rpc("bounds")).data).toEqual({ low: 1, high: 2 });
    expect((await project.service.rpc("bounds").single()).data).toEqual({ low: 1, high: 2 });
  });

  it("filters, sorts, limits and counts a set", async () => {
    const { data, count } = await project.service
      .rpc("ranked", { lowest: 1 }, { count: "exact" })
      .select("title")
      .order("rank", { ascending: false })
      .limit(1);
    expect({ data, count }).toEqual({ data: [{ title: "beta" }], count: 2 });
    const one = await project.service.rpc("ranked", { lowest: 2 }).select("title").single();
    expect(one.data).toEqual({ title: "beta" });
  });

  it("calls by GET in a read-only transaction", async () => {
    const { data } = await project.service.rpc("add", { a: 2, b: 3 }, { get: true });
    expect(data).toBe(5);
    const words = await project.service.rpc("shout", { words: ["a", "b"] }, { get: true });
    expect(words.data).toBe("A B");
  });

  it("counts the one row of a function that returns no set", async () => {
    const sum = await project.service.rpc("add", { a: 2, b: 3 }, { count: "exact" });
    expect(sum).toMatchObject({ data: 5, count: 1 });
    const uncounted = await project.service.rpc("add", { a: 2, b: 3 });
    expect(uncounted.count).toBeNull();
  });

  it("counts rows without sending them, whatever the arguments", async () => {
    const plain = await project.service.rpc(
      "ranked",
      { lowest: 1 },
      { head: true, count: "exact" },
    );
    expect(plain).toMatchObject({ data: null, count: 2 });
    const json = await project.service.rpc("echo", { doc: { a: 1 } }, { head: true });
    expect(json).toMatchObject({ data: null, error: null, status: 204 });
  });

  it("names a missing function in the error", async () => {
    const { error, status } = await project.service.rpc("add", { z: 1 });
    expect(status).toBe(404);
    expect(error?.code).toBe("PGRST202");
  });

  it("finds a function that was just created", async () => {
    await project.sql.query(
      "create or replace function fresh() returns int language sql as 'select 1'",
    );
    expect((await project.service.rpc("fresh")).data).toBe(1);
    await project.sql.query("drop function fresh()");
    await project.sql.query("create function fresh(a int) returns int language sql as 'select a'");
    expect((await project.service.rpc("fresh", { a: 4 })).data).toBe(4);
    await project.sql.query("drop function fresh(int)");
  });

  it("notices that a column has a new type", async () => {
    const find = () => project.service.from("notes").select("title").eq("rank", 3_000_000_000);
    expect((await find()).error?.code).toBe("22003");
    await project.sql.query("alter table notes alter column rank type bigint");
    await expect.poll(async () => (await find()).error).toBeNull();
    await project.sql.query("alter table notes alter column rank type int");
  });

  it("does not delay other calls behind a slow one", async () => {
    const finished: string[] = [];
    await Promise.all([
      project.service.rpc("nap", { seconds: 0.5 }).then(() => finished.push("slow")),
      ...Array.from({ length: 10 }, async () => {
        await project.service.rpc("add", { a: 1 });
        finished.push("fast");
      }),
    ]);
    expect(finished.at(-1)).toBe("slow");
  });
});
