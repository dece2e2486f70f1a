import { expect, test } from "vitest";
import { z } from "zod";
import { describeIssue, fieldErrors } from "./describe-issue.ts";

const schema = z.strictObject({
  to: z.string().min(1),
  network: z.enum(["live", "sandbox"]),
  limit: z.number().int().max(100).optional(),
  events: z.array(z.string()).min(1).optional(),
  at: z.iso.datetime().optional(),
  id: z.string().regex(/^a/, "Must begin with a").optional(),
});
const valid = { to: "x", network: "live" };

function errorsOf(body: unknown, of: z.ZodType = schema) {
  const parsed = of.safeParse(body, { error: describeIssue });
  return fieldErrors(parsed.error?.issues ?? []).map(({ field, detail }) => [field, detail]);
}

test.each([
  [{ network: "live" }, "to", "`to` is required"],
  [{ to: "x" }, "network", "`network` is required"],
  [{ ...valid, to: 1 }, "to", "`to` must be a string"],
  [{ ...valid, to: "" }, "to", "`to` must not be empty"],
  [{ ...valid, network: "moon" }, "network", '`network` must be one of "live", "sandbox"'],
  [{ ...valid, limit: 1.5 }, "limit", "`limit` must be a whole number"],
  [{ ...valid, limit: 101 }, "limit", "`limit` must be at most 100"],
  [{ ...valid, events: [] }, "events", "`events` must not be empty"],
  [{ ...valid, events: [1] }, "events.0", "`events.0` must be a string"],
  [{ ...valid, at: "now" }, "at", "`at` must be a time such as 2026-11-25T12:00:00Z"],
  [{ ...valid, id: "b" }, "id", "`id` must begin with a"],
  [
    { ...valid, mesage: "x" },
    "mesage",
    "`mesage` is not a field of this request. Remove it, or correct its name",
  ],
  ["text", "", "The body must be a JSON object"],
])("%j is refused with the field and what to do", (body, field, detail) => {
  expect(errorsOf(body)).toEqual([[field, detail]]);
});

test("of a union the errors of the closest form are shown", () => {
  const union = z.union([
    z.strictObject({ id: z.string(), from: z.number(), to: z.number() }),
    z.strictObject({ id: z.string(), dead: z.literal(true) }),
  ]);
  expect(errorsOf({ id: "x", from: 1 }, union)).toEqual([["to", "`to` is required"]]);
});
