import { generateKeyPairSync, randomBytes } from "node:crypto";
import { expect, test } from "vitest";
import { readConfig } from "./config.ts";

const { publicKey } = generateKeyPairSync("ed25519");
const good = {
  SUPABASE_URL: "http://127.0.0.1:54321",
  SUPABASE_KEY: "key",
  ENCRYPTION_KEY: randomBytes(32).toString("base64"),
  COMMAND_PUBLIC_KEY: publicKey.export({ format: "der", type: "spki" }).toString("base64"),
};

test("what is not set has a default", () => {
  expect(readConfig({ ...good, CONNECTOR_URL: "" })).toMatchObject({
    config: { PORT: 8080, MAX_SESSIONS: 500, LIVE_NETWORK: true, LOG_LEVEL: "info" },
  });
});

test("the version of WhatsApp Web is three numbers", () => {
  expect(readConfig({ ...good, WA_WEB_VERSION: "2.3000.1043857760" })).toMatchObject({
    config: { WA_WEB_VERSION: [2, 3000, 1_043_857_760] },
  });
  expect(readConfig({ ...good, WA_WEB_VERSION: "2.3000" })).toEqual({
    mistakes: [expect.stringMatching(/^WA_WEB_VERSION: must be three numbers/)],
  });
});

test("every mistake has its own line", () => {
  const read = readConfig({
    ...good,
    ENCRYPTION_KEY: "c2hvcnQ=",
    COMMAND_PUBLIC_KEY: "c2hvcnQ=",
    PORT: "http",
  });
  expect(read).toEqual({
    mistakes: [
      expect.stringMatching(/^ENCRYPTION_KEY: .*32 bytes/),
      expect.stringMatching(/^COMMAND_PUBLIC_KEY: .*Ed25519/),
      expect.stringMatching(/^PORT: /),
    ],
  });
});

test("a connector needs a network", () => {
  expect(readConfig({ ...good, LIVE_NETWORK: "off" })).toEqual({
    mistakes: [expect.stringContaining("SANDBOX_WS_URL")],
  });
});
