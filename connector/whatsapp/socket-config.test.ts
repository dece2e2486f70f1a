import { DEFAULT_CONNECTION_CONFIG } from "@whiskeysockets/baileys";
import { pino } from "pino";
import { expect, test } from "vitest";
import type { NetworkTarget } from "./network-target.ts";
import { socketConfigFor } from "./socket-config.ts";

const configFor = (target: NetworkTarget) =>
  socketConfigFor({ target, pingEveryMs: 20_000, log: pino({ level: "silent" }) });

test("a live socket connects as the configured version of WhatsApp Web, or as Baileys' own", () => {
  const webVersion: [number, number, number] = [2, 3000, 1_043_857_760];
  expect(configFor({ network: "live", webVersion }).version).toEqual(webVersion);
  expect(configFor({ network: "live", webVersion: undefined }).version).toEqual(
    DEFAULT_CONNECTION_CONFIG.version,
  );
});

test("a live socket checks certificates, whatever NODE_TLS_REJECT_UNAUTHORIZED says", () => {
  const { agent } = configFor({ network: "live", webVersion: undefined });
  expect(agent).toMatchObject({ options: { rejectUnauthorized: true } });
});
