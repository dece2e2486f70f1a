import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { readDocument } from "../scripts/client/document.ts";
import { generateClient } from "../scripts/client/generate.ts";
import { clientMethods } from "../scripts/client/operations.ts";
import { WhatsAppAdmin, WhatsAppClient } from "./client.ts";

type Methods = Record<string, (...args: unknown[]) => Promise<unknown> | AsyncGenerator>;

/** Resolves when the call failed, or when a stream has made its first request. */
async function startOf(result: Promise<unknown> | AsyncGenerator | undefined): Promise<void> {
  if (result === undefined || !("next" in result)) {
    await result?.catch(() => {});
    return;
  }
  void result.next().catch(() => {});
  await Promise.resolve();
  void result.return(undefined);
}

test("the generated files match the OpenAPI document; if not, run npm run gen:client", async () => {
  const files = await generateClient();
  for (const [name, code] of Object.entries(files)) {
    expect(await readFile(new URL(name, import.meta.url), "utf8")).toBe(code);
  }
}, 60_000);

test("every operation of the API has a method that calls it with its key", async () => {
  const calls: string[] = [];
  const settings = {
    baseUrl: "http://api.test",
    maxRetries: 0,
    fetch: ((url: string, init: RequestInit) => {
      const headers = new Headers(init.headers);
      const key = headers.get("x-api-key") ?? headers.get("x-admin-key");
      calls.push(`${key} ${init.method ?? "GET"} ${new URL(url).pathname}`);
      return Promise.reject(new Error("not needed"));
    }) as typeof fetch,
  };
  const clients = {
    tenant: new WhatsAppClient({ ...settings, apiKey: "tenant" }),
    admin: new WhatsAppAdmin({ ...settings, adminKey: "admin" }),
  };
  const methods = clientMethods(await readDocument());
  expect(methods.length).toBeGreaterThan(40);
  for (const { name, method, path, isAdmin } of methods) {
    const owner = isAdmin ? "admin" : "tenant";
    const client = clients[owner] as unknown as Methods;
    const ids = [...path.matchAll(/\{\w+\}/g)].map(() => "an/id");
    await startOf(client[name]?.(...ids, {}, {}));
    expect(calls.at(-1)).toBe(
      `${owner} ${method.toUpperCase()} ${path.replaceAll(/\{\w+\}/g, "an%2Fid")}`,
    );
  }
}, 60_000);
