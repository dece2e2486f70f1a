import { createClient } from "@supabase/supabase-js";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { restFixtures, resetNotes } from "../testing/rest-fixtures.ts";
import { signToken, startTestProject, type TestProject } from "../testing/test-project.ts";

let project: TestProject;
beforeAll(async () => {
  project = await startTestProject(restFixtures);
});
afterAll(() => project.stop());
beforeEach(() => resetNotes(project.sql));

describe("errors", () => {
  it.each([
    ["P0001", 400],
    ["PT429", 429],
    ["23505", 409],
    ["42501", 403],
    ["57014", 500],
    ["40001", 500],
    ["22023", 400],
  ] as const)("an exception %s is status %i", async (code, status) => {
    const tenant = await project.as({ tenant_id: "a" });
    const answer = await tenant.rpc("fail", { code });
    expect(answer.status).toBe(status);
    expect(answer.error).toMatchObject({ code, message: "no luck", details: "d", hint: "h" });
  });

  it("maps constraint and schema errors", async () => {
    const duplicate = await project.service.from("notes").insert({ title: "alpha" });
    expect(duplicate).toMatchObject({ status: 409, error: { code: "23505" } });
    const orphan = await project.service.from("replies").insert({ id: 1, note_id: 99 });
    expect(orphan).toMatchObject({ status: 409, error: { code: "23503" } });
    const column = await project.service.from("notes").select("nope");
    expect(column).toMatchObject({ status: 400, error: { code: "42703" } });
    const payload = await project.service.from("notes").insert({ nope: 1 });
    expect(payload).toMatchObject({ status: 400, error: { code: "PGRST204" } });
    const table = await project.service.from("nope").select();
    expect(table).toMatchObject({ status: 404, error: { code: "PGRST205" } });
  });
});

describe("the caller", () => {
  it("is subject to row level security with the claims of its token", async () => {
    const a = await project.as({ tenant_id: "a" });
    const b = await project.as({ tenant_id: "b" });
    expect((await a.from("notes").select()).data).toHaveLength(3);
    expect((await b.from("notes").select()).data).toEqual([]);
    const stolen = await b.from("notes").insert({ tenant_id: "a", title: "x" });
    expect(stolen).toMatchObject({ status: 403, error: { code: "42501" } });
    expect((await project.anon.from("notes").select()).data).toEqual([]);
    expect((await project.service.from("notes").select()).data).toHaveLength(3);
  });

  it("has the role of the token and no other", async () => {
    const tenant = await project.as({ tenant_id: "a" });
    const { data } = await tenant.rpc("whoami");
    expect(data).toEqual({ role: "authenticated", session: "authenticator", tenant: "a" });
    const owner = await project.as({ role: "postgres" });
    expect((await owner.rpc("whoami")).error?.code).toBe("42501");
  });

  it("gets 401 as anon and 403 as another role without the privilege", async () => {
    expect((await project.anon.from("hidden").select()).status).toBe(401);
    const tenant = await project.as({});
    expect((await tenant.from("hidden").select()).status).toBe(403);
  });

  it("is rejected with a missing, wrongly signed, malformed or expired token", async () => {
    const request = async (headers: Record<string, string>) => {
      const response = await fetch(`${project.url}/rest/v1/notes`, { headers });
      return { status: response.status, body: await response.json() };
    };
    expect((await request({})).status).toBe(401);
    const apikey = project.anonKey;
    const foreign = await signToken({}, "another-secret-of-at-least-32-characters");
    const expired = await signToken({ exp: Math.floor(Date.now() / 1000) - 5 });
    expect(await request({ apikey, authorization: `Bearer ${foreign}` })).toMatchObject({
      status: 401,
      body: { code: "PGRST301" },
    });
    expect(await request({ apikey, authorization: "Bearer x.y.z" })).toMatchObject({ status: 401 });
    expect(await request({ apikey, authorization: `Bearer ${expired}` })).toMatchObject({
      status: 401,
      body: { code: "PGRST303", message: "JWT expired" },
    });
    const wrongKey = createClient(project.url, foreign);
    expect((await wrongKey.from("notes").select()).status).toBe(401);
  });
});
