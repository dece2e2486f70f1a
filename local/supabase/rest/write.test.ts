import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { restFixtures, resetNotes } from "../testing/rest-fixtures.ts";
import { startTestProject, type TestProject } from "../testing/test-project.ts";

let project: TestProject;
beforeAll(async () => {
  project = await startTestProject(restFixtures);
});
afterAll(() => project.stop());
beforeEach(() => resetNotes(project.sql));

describe("writing", () => {
  it("inserts one row and returns it with its defaults", async () => {
    const { data, status } = await project.service
      .from("notes")
      .insert({ title: "delta", tags: ["x", 'y"z'], data: { k: [1, null] } })
      .select("title, tags, data, mood")
      .single();
    expect(status).toBe(201);
    expect(data).toEqual({
      title: "delta",
      tags: ["x", 'y"z'],
      data: { k: [1, null] },
      mood: "calm",
    });
  });

  it("inserts many rows, absent keys as null or as the default", async () => {
    const rows = [
      { title: "d", rank: 4 },
      { title: "e", mood: "busy" },
    ];
    const strict = await project.service.from("notes").insert(rows).select();
    expect(strict.error?.code).toBe("23502");
    const lenient = await project.service
      .from("notes")
      .insert(rows, { defaultToNull: false })
      .select("title, rank, mood");
    expect(lenient.data).toEqual([
      { title: "d", rank: 4, mood: "calm" },
      { title: "e", rank: null, mood: "busy" },
    ]);
  });

  it("returns rows and counts only on request", async () => {
    const inserted = await project.service.from("notes").insert({ title: "d" }, { count: "exact" });
    expect(inserted).toMatchObject({ data: null, status: 201, count: 1 });
    const updated = await project.service.from("notes").update({ rank: 7 }).eq("id", 1);
    expect(updated).toMatchObject({ data: null, status: 204, error: null });
  });

  it("inserts an empty array, an empty object", async () => {
    expect((await project.service.from("notes").insert([]).select()).data).toEqual([]);
    expect((await project.service.from("notes").insert({})).error?.code).toBe("23502");
  });

  it("upserts by key, merging or ignoring", async () => {
    const merged = await project.service
      .from("notes")
      .upsert([{ tenant_id: "a", title: "alpha", rank: 9 }], { onConflict: "tenant_id,title" })
      .select("id, rank");
    expect(merged).toMatchObject({ data: [{ id: 1, rank: 9 }], status: 200 });
    const ignored = await project.service
      .from("notes")
      .upsert({ id: 1, title: "other" }, { ignoreDuplicates: true })
      .select();
    expect(ignored).toMatchObject({ data: [], status: 201 });
  });

  it("updates and deletes the filtered rows", async () => {
    const updated = await project.service
      .from("notes")
      .update({ rank: 5, data: { z: 1 } })
      .in("id", [1, 2])
      .select("id, rank");
    expect(updated.data).toEqual([
      { id: 1, rank: 5 },
      { id: 2, rank: 5 },
    ]);
    const deleted = await project.service.from("notes").delete({ count: "exact" }).eq("rank", 5);
    expect(deleted).toMatchObject({ status: 204, count: 2 });
  });

  it("rolls back a change of more rows than allowed", async () => {
    const update = project.service.from("notes").update({ rank: 8 }).gt("id", 0);
    update.setHeader("Prefer", "handling=strict,max-affected=2");
    expect((await update).error?.code).toBe("PGRST124");
    const { rows } = await project.sql.query("select from notes where rank = 8");
    expect(rows).toHaveLength(0);
  });

  it("upserts by primary key, strips nulls, and accepts any filter for a change", async () => {
    const upserted = await project.service
      .from("notes")
      .upsert([
        { id: 1, title: "alpha 2" },
        { id: 50, title: "new" },
      ])
      .select("id, title, rank")
      .order("id", { ascending: false })
      .stripNulls();
    expect(upserted.status).toBe(201);
    expect(upserted.data).toEqual([
      { id: 50, title: "new" },
      { id: 1, title: "alpha 2", rank: 1 },
    ]);
    const changed = await project.service
      .from("notes")
      .update({ tags: ["t"] })
      .or("id.eq.50,title.eq.beta")
      .select("id");
    expect(changed.data).toHaveLength(2);
  });

  it("rolls back a change whose result is not the requested single row", async () => {
    const { error } = await project.service
      .from("notes")
      .update({ rank: 8 })
      .gt("id", 0)
      .select()
      .single();
    expect(error?.code).toBe("PGRST116");
    const { rows } = await project.sql.query("select from notes where rank = 8");
    expect(rows).toHaveLength(0);
  });
});
