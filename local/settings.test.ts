import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { parseEnv } from "node:util";
import { expect, test } from "vitest";
import { environmentVariables as connectorVariables, readConfig } from "../connector/config.ts";
import {
  environmentVariables as controlPlaneVariables,
  parseConfig,
} from "../control-plane/config.ts";
import { readOptions } from "./options.ts";
import { connectorSettings, controlPlaneSettings, readSettings } from "./settings.ts";

/** .env.example with every setting in force, as after removing the "# " before each. */
async function exampleFile(): Promise<Record<string, string | undefined>> {
  const text = await readFile(new URL("../.env.example", import.meta.url), "utf8");
  return parseEnv(text.replaceAll(/^# (?=[A-Z_]+=)/gm, ""));
}

test(".env.example names every variable that a component reads, and no other", async () => {
  // Fly sets FLY_MACHINE_ID.
  const documented = [...connectorVariables, ...controlPlaneVariables];
  const expected = new Set(documented.filter((name) => name !== "FLY_MACHINE_ID"));
  expect(Object.keys(await exampleFile()).toSorted()).toEqual([...expected].toSorted());
});

test("the values of .env.example are valid where it gives one", async () => {
  const given = await exampleFile();
  expect(readOptions([], given)).toHaveProperty("options.port", 3000);
  const isGiven = ([, value]: [string, unknown]) => value !== "";
  const named = Object.fromEntries(Object.entries(given).filter(isGiven));
  const connector = readConfig(named);
  expect(connector).toEqual({
    mistakes: [
      expect.stringContaining("ENCRYPTION_KEY"),
      expect.stringContaining("COMMAND_PUBLIC_KEY"),
    ],
  });
  const secrets = {
    ADMIN_KEY: "sixteen characters",
    COMMAND_PRIVATE_KEY: "a2V5",
    WEBHOOK_SECRET_KEY: randomBytes(32).toString("base64"),
  };
  expect(parseConfig({ ...named, ...secrets }).supabaseUrl).toMatch(/^https:/);
});

test("a component gets its own settings, not what local mode gives it, and nothing empty", () => {
  const settings = readSettings({
    MAX_SESSIONS: "20",
    MAX_STREAMS_PER_KEY: "5",
    SUPABASE_URL: "https://a.example",
    CONNECTOR_URL: "https://b.example",
    PORT: "3001",
    ADMIN_KEY: "",
    SHELL: "/bin/sh",
  });
  expect(connectorSettings(settings)).toEqual({ MAX_SESSIONS: "20" });
  expect(controlPlaneSettings(settings)).toEqual({ MAX_STREAMS_PER_KEY: "5" });
});
