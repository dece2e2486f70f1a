import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, inject, onTestFinished, test } from "vitest";
import { addTenant, call } from "./support/api.ts";
import { hasChromium, launchChromium } from "./support/chromium.ts";

/** The page at /docs. */
const addresses = inject("addresses");

test("the page and its files come with a strict policy, and nothing else is served", async () => {
  const page = await fetch(`${addresses.apiUrl}/docs`);
  expect(page.status).toBe(200);
  const policy = page.headers.get("content-security-policy") ?? "";
  expect(policy).toContain("default-src 'none'");
  expect(policy).not.toMatch(/unsafe|\*|https?:/);
  const files = [...(await page.text()).matchAll(/(?:src|href)="(?<path>\/[^"]+)"/g)].map(
    ({ groups }) => groups?.["path"] ?? "",
  );
  expect(files).toHaveLength(2);
  for (const file of files) {
    const answer = await fetch(addresses.apiUrl + file);
    expect([answer.status, answer.headers.get("cache-control")]).toEqual([
      200,
      "public, max-age=31536000, immutable",
    ]);
    await answer.body?.cancel();
  }
  for (const path of ["/docs/assets/none.js", "/docs/assets/..%2f..%2fconsole.json", "/docs/x"]) {
    expect((await fetch(addresses.apiUrl + path)).status).toBe(404);
  }
  expect((await call("GET", addresses.apiUrl)).body).toMatchObject({ docs: "/docs" });
});

describe.skipIf(!hasChromium)("in Chromium", () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchChromium();
  });
  afterAll(() => browser.close());

  test("the page lists every operation, tries one out, and asks nobody else", async () => {
    const tenant = await addTenant(addresses);
    await tenant.post("/tenant/sessions", { session_id: "shown-in-docs" });
    const page = await browser.newPage();
    onTestFinished(() => page.close());
    const problems: string[] = [];
    page.on("pageerror", ({ message }) => problems.push(message));
    page.on("console", (message) => {
      if (message.type() === "error") problems.push(message.text());
    });
    page.on("request", (request) => {
      const { protocol, origin } = new URL(request.url());
      if (protocol !== "data:" && origin !== addresses.apiUrl) problems.push(request.url());
    });
    await page.goto(`${addresses.apiUrl}/docs`);
    await page.locator(".opblock").first().waitFor();
    const { body } = await call<{ paths: Record<string, object>; webhooks?: object }>(
      "GET",
      `${addresses.apiUrl}/openapi.json`,
    );
    const operations = Object.values(body.paths).flatMap((path) => Object.keys(path));
    const webhooks = Object.keys(body.webhooks ?? {});
    expect(await page.locator(".opblock").count()).toBe(operations.length + webhooks.length);

    await page.locator(".btn.authorize").click();
    await page
      .locator(".auth-container", { hasText: "X-Api-Key" })
      .locator("input")
      .fill(tenant.key);
    await page
      .locator(".auth-container", { hasText: "X-Api-Key" })
      .locator("button.authorize")
      .click();
    await page.locator(".btn-done").first().click();
    const list = page.locator(".opblock-get", { hasText: "/tenant/sessions" }).first();
    await list.locator(".opblock-summary-control").click();
    await list.locator(".try-out__btn").click();
    await list.locator(".execute").click();
    await list.locator(".live-responses-table", { hasText: "shown-in-docs" }).waitFor();
    expect(problems).toEqual([]);
  });
});
