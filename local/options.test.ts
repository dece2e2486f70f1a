import { expect, test } from "vitest";
import { readOptions } from "./options.ts";

test("without flags everything runs locally, on port 3000, in .data", () => {
  expect(readOptions([], {})).toEqual({
    options: {
      port: 3000,
      data: ".data",
      memory: false,
      json: false,
      connectors: 1,
      sandbox: true,
    },
  });
});

test("another Supabase project can be given by flags or by the environment", () => {
  const fromEnvironment = readOptions([], { SUPABASE_URL: "https://a.example", SUPABASE_KEY: "k" });
  const fromFlags = readOptions(["--supabase-url", "https://a.example", "--supabase-key", "k"], {});
  expect(fromFlags).toEqual(fromEnvironment);
  expect(fromFlags).toMatchObject({ options: { supabaseUrl: "https://a.example" } });
});

test.each(["abc", "-1", "70000", "3000.5"])("PORT=%s is refused with one line", (port) => {
  expect(readOptions([], { PORT: port })).toEqual({
    mistakes: ["PORT: must be a whole number from 0 to 65535"],
  });
});

test.each([
  [["--supabase-url", "https://a.example"], "--supabase-key"],
  [["--sandbox-url", "http://a.example", "--sandbox-root-key", "0".repeat(64)], "ws://"],
  [["--sandbox-url", "ws://a.example"], "--sandbox-root-key"],
  [["--connectors", "none"], "connectors"],
  [["--nonsense"], "--nonsense"],
])("%j is rejected with a line that says why", (args, expected) => {
  const result = readOptions(args, {});
  expect(result).toHaveProperty("mistakes");
  expect(JSON.stringify(result)).toContain(expected);
});
