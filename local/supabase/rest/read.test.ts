import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { restFixtures, resetNotes } from "../testing/rest-fixtures.ts";
import { startTestProject, type TestProject } from "../testing/test-project.ts";

let project: TestProject;
beforeAll(async () => {
  project = await startTestProject(restFixtures);
});
afterAll(() => project.stop());
beforeEach(() => resetNotes(project.sql));

describe("reading", () => {
  it("selects columns with aliases, casts and json paths", async () => {
    const { data, error } = await project.service
      .from("notes")
      .select("id, name:title, rank::text, deep:data->a->>b")
      .eq("title", "alpha")
      .single();
    expect(error).toBeNull();
    expect(data).toEqual({ id: 1, name: "alpha", rank: "1", deep: "5" });
  });

  it("returns a bigint as a JSON number with all its digits", async () => {
    const response = await fetch(`${project.url}/rest/v1/notes?select=big&limit=1`, {
      headers: { apikey: project.serviceKey },
    });
    expect(await response.text()).toBe('[{"big":9007199254740993}]');
  });

  it.each([
    ["eq", (q: Query) => q.eq("rank", 1), ["alpha"]],
    ["neq", (q: Query) => q.neq("rank", 1), ["beta"]],
    ["gt and lte", (q: Query) => q.gt("rank", 1).lte("rank", 2), ["beta"]],
    ["like", (q: Query) => q.like("title", "%lph%"), ["alpha"]],
    ["ilike", (q: Query) => q.ilike("title", "BET%"), ["beta"]],
    ["is null", (q: Query) => q.is("rank", null), ["gamma, (3)"]],
    ["not is null", (q: Query) => q.not("rank", "is", null), ["alpha", "beta"]],
    [
      "in with reserved characters",
      (q: Query) => q.in("title", ["beta", "gamma, (3)"]),
      ["beta", "gamma, (3)"],
    ],
    ["not in", (q: Query) => q.notIn("title", ["beta"]), ["alpha", "gamma, (3)"]],
    ["in nothing", (q: Query) => q.in("title", []), []],
    ["array contains", (q: Query) => q.contains("tags", ["red"]), ["alpha"]],
    ["json contains", (q: Query) => q.contains("data", { a: { b: 5 } }), ["alpha"]],
    ["contained by", (q: Query) => q.containedBy("tags", ["blue"]), ["beta", "gamma, (3)"]],
    ["overlaps", (q: Query) => q.overlaps("tags", ["blue", "green"]), ["alpha", "beta"]],
    ["or", (q: Query) => q.or('rank.eq.2,title.eq."gamma, (3)"'), ["beta", "gamma, (3)"]],
    ["nested or", (q: Query) => q.or("and(rank.gt.1,title.like.b*),rank.eq.1"), ["alpha", "beta"]],
    [
      "negated group",
      (q: Query) => q.or("not.and(rank.eq.1,title.eq.alpha)"),
      ["beta", "gamma, (3)"],
    ],
    [
      "in within or",
      (q: Query) => q.or("rank.in.(1,2),rank.is.null"),
      ["alpha", "beta", "gamma, (3)"],
    ],
    ["enum", (q: Query) => q.eq("mood", "calm").eq("rank", 1), ["alpha"]],
    ["json path", (q: Query) => q.eq("data->a->>b", "5"), ["alpha"]],
    ["match", (q: Query) => q.match({ rank: 2, title: "beta" }), ["beta"]],
  ] as const)("filters: %s", async (_name, filter, expected) => {
    const { data, error } = await filter(notes());
    expect(error).toBeNull();
    expect(data?.map((row) => row.title)).toEqual(expected);
  });

  it("sorts by several columns with nulls first or last", async () => {
    const { data } = await project.service
      .from("notes")
      .select("title")
      .order("rank", { ascending: false, nullsFirst: false })
      .order("id");
    expect(data?.map((row) => row.title)).toEqual(["beta", "alpha", "gamma, (3)"]);
  });

  it("pages, and counts all rows", async () => {
    const page = await project.service
      .from("notes")
      .select("title", { count: "exact" })
      .order("id")
      .range(1, 1);
    expect(page.status).toBe(206);
    expect(page.count).toBe(3);
    expect(page.data).toEqual([{ title: "beta" }]);
    const head = await project.service.from("notes").select("*", { count: "exact", head: true });
    expect(head).toMatchObject({ count: 3, data: null, error: null });
    const beyond = await project.service.from("notes").select("*", { count: "exact" }).range(9, 10);
    expect(beyond.error?.code).toBe("PGRST103");
  });

  it("sends at most 1000 rows, as a hosted project does", async () => {
    await project.sql.query(
      "insert into notes (title, rank) select 'n' || n, n from generate_series(1, 1200) n",
    );
    const { data, count } = await project.service.from("notes").select("id", { count: "exact" });
    expect([data?.length, count]).toEqual([1000, 1203]);
    const set = await project.service.rpc("numbers", { n: 1500 });
    expect(set.data).toHaveLength(1000);
    const rest = await project.service.from("notes").select("id").range(1000, 2999);
    expect(rest.data).toHaveLength(203);
  });

  it("returns PGRST116 when the requested single row does not exist", async () => {
    const none = await project.service.from("notes").select().eq("id", 99).single();
    expect(none.status).toBe(406);
    expect(none.error).toMatchObject({ code: "PGRST116", details: "The result contains 0 rows" });
    const maybe = await project.service.from("notes").select().eq("id", 99).maybeSingle();
    expect(maybe).toMatchObject({ data: null, error: null });
  });
});

const notes = () => project.service.from("notes").select("title").order("id");
type Query = ReturnType<typeof notes>;
