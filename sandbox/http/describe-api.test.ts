import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { Harness } from "../testing/harness.ts";

const schema = z.object({
  openapi: z.string(),
  servers: z.array(z.object({ url: z.string() })),
  paths: z.record(
    z.string(),
    z.record(
      z.string(),
      z.object({
        summary: z.string(),
        responses: z.record(z.string(), z.object({ description: z.string() })),
      }),
    ),
  ),
  components: z.object({ schemas: z.record(z.string(), z.unknown()) }),
});
type Document = z.infer<typeof schema>;

let harness: Harness;
let document: Document;
let text: string;
beforeAll(async () => {
  harness = await Harness.start();
  const { body } = await harness.call("GET", "/openapi.json");
  document = schema.parse(body);
  text = JSON.stringify(body);
});
afterAll(() => harness.stop());

test("the document lists every route of the API", () => {
  const routes = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
  );
  expect(routes.toSorted()).toEqual([
    "DELETE /faults",
    "DELETE /phones/{phone}",
    "DELETE /phones/{phone}/linked-devices/{id}",
    "GET /behaviour",
    "GET /ca.pem",
    "GET /faults",
    "GET /health",
    "GET /phones",
    "GET /phones/{phone}",
    "GET /phones/{phone}/events",
    "GET /phones/{phone}/messages",
    "GET /phones/{phone}/messages/{id}/media",
    "GET /registrations",
    "POST /behaviour",
    "POST /faults",
    "POST /phones",
    "POST /phones/{phone}/behaviour",
    "POST /phones/{phone}/link",
    "POST /phones/{phone}/messages",
    "POST /phones/{phone}/read",
    "POST /phones/{phone}/scan",
  ]);
  expect(document.servers).toEqual([{ url: harness.sandbox.url }]);
});

test("every reference in it leads to a schema", () => {
  const references = text.matchAll(/"#\/components\/schemas\/(\w+)"/g);
  const names = new Set(Array.from(references, ([, name]) => name));
  expect(names.size).toBeGreaterThan(5);
  for (const name of names) expect(document.components.schemas).toHaveProperty(name ?? "");
});
