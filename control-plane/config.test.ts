import { expect, test } from "vitest";
import { parseConfig } from "./config.ts";

const variables = {
  SUPABASE_URL: "https://example.supabase.co",
  SUPABASE_KEY: "service-role",
  ADMIN_KEY: "0123456789abcdef",
  COMMAND_PRIVATE_KEY: "AAAA",
  WEBHOOK_SECRET_KEY: btoa("a".repeat(32)),
};

test("the defaults are four shards and no private URLs", () => {
  expect(parseConfig(variables)).toMatchObject({ eventHubShards: 4, allowPrivateUrls: false });
});

test("every invalid variable gets one line", () => {
  const wrong = {
    ...variables,
    ADMIN_KEY: "short",
    WEBHOOK_SECRET_KEY: "AAAA",
    EVENT_HUB_SHARDS: "17",
  };
  expect(() => parseConfig(wrong)).toThrow(
    /ADMIN_KEY: .*\n.*WEBHOOK_SECRET_KEY: .*32 bytes.*\n.*EVENT_HUB_SHARDS: /,
  );
});
