import { expect, test } from "vitest";
import { WebhookSecrets } from "./webhook-secrets.ts";

function makeKey(): string {
  return btoa(String.fromCharCode(...crypto.getRandomValues(new Uint8Array(32))));
}

const key = makeKey();
const secrets = new WebhookSecrets({ current: key, old: undefined });
const tenantId = "acme";

test("a secret is stored encrypted, each time differently, and opens again", async () => {
  const stored = await secrets.seal(tenantId, "whsec_c2VjcmV0");
  expect(stored).toMatch(/^sealed:[0-9a-f]{8}:/);
  expect(stored).not.toContain("c2VjcmV0");
  expect(await secrets.seal(tenantId, "whsec_c2VjcmV0")).not.toBe(stored);
  expect(await secrets.open({ tenantId, stored })).toBe("whsec_c2VjcmV0");
  expect(await secrets.isStale(stored)).toBe(false);
});

test("a secret does not open for another tenant, changed, or with another key", async () => {
  const stored = await secrets.seal(tenantId, "whsec_c2VjcmV0");
  expect(await secrets.open({ tenantId: "other", stored })).toBeUndefined();
  const changed = `${stored.slice(0, -8)}AAAAAAA=`;
  expect(await secrets.open({ tenantId, stored: changed })).toBeUndefined();
  expect(await secrets.open({ tenantId, stored: "sealed:nonsense" })).toBeUndefined();
  const other = new WebhookSecrets({ current: makeKey(), old: undefined });
  expect(await other.open({ tenantId, stored })).toBeUndefined();
});

test("a plain secret from SQL opens as it is and is to be sealed", async () => {
  expect(await secrets.open({ tenantId, stored: "plain secret" })).toBe("plain secret");
  expect(await secrets.isStale("plain secret")).toBe(true);
});

test("a secret under the old key opens and is to be sealed anew", async () => {
  const stored = await secrets.seal(tenantId, "whsec_c2VjcmV0");
  const next = new WebhookSecrets({ current: makeKey(), old: key });
  expect(await next.open({ tenantId, stored })).toBe("whsec_c2VjcmV0");
  expect(await next.isStale(stored)).toBe(true);
});
