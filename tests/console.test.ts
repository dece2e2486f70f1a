import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, test } from "vitest";
import { addTenant, type Tenant } from "./support/api.ts";
import { hasChromium, launchChromium } from "./support/chromium.ts";
import { addPhone, pairSession } from "./support/phone.ts";
import { receiveWebhooks } from "./support/webhook-receiver.ts";

const addresses = inject("addresses");
const sandbox = addresses.sandboxUrl ?? "";
const axe = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

interface Violation {
  id: string;
  nodes: { html: string }[];
}

describe.skipIf(!hasChromium)("the console in Chromium", () => {
  let browser: Browser;
  let tenant: Tenant;
  let page: Page;
  /** What a page must not do: scripts that fail, or that messages smuggle in. */
  let complaints: string[];

  beforeAll(async () => {
    browser = await launchChromium();
  });
  afterAll(() => browser.close());
  beforeEach(async () => {
    tenant = await addTenant(addresses);
    page = await browser.newPage({ viewport: { width: 1100, height: 640 } });
    page.setDefaultTimeout(20_000);
    complaints = [];
    page.on("pageerror", (error) => complaints.push(error.message));
    page.on("dialog", (dialog) => complaints.push(`dialog: ${dialog.message()}`));
    page.on("console", (line) => {
      if (line.type() === "error") complaints.push(line.text());
    });
  });
  afterEach(() => page.close());

  async function open(path: string): Promise<void> {
    await page.goto(`${addresses.apiUrl}/console${path}#key=${tenant.key}`);
    await page.getByRole("link", { name: "Sessions" }).waitFor();
  }

  /** A picture for the README, taken only with PICTURES=1: otherwise each run would change it. */
  async function picture(name: string): Promise<void> {
    if (process.env["PICTURES"] === undefined) return;
    await page.screenshot({ path: `docs/pictures/${name}.png`, animations: "disabled" });
  }

  /** What a screen reader would stumble over. */
  async function accessibilityViolations(): Promise<string[]> {
    await page.evaluate(axe);
    return page.evaluate(async () => {
      // axe was put into the page above.
      const { violations } = await (
        globalThis as unknown as { axe: { run(): Promise<{ violations: Violation[] }> } }
      ).axe.run();
      return violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html}`));
    });
  }

  test("from signing in to a message on a simulated phone, with clicks only", async () => {
    const bob = await addPhone(sandbox);
    await open("/");
    expect(page.url()).not.toContain("key=");
    await page.getByRole("button", { name: "New session" }).click();
    await page.getByLabel("Session id").fill("support");
    await page.getByLabel("Name").fill("Support desk");
    await page.getByRole("button", { name: "Create" }).click();
    await page.getByRole("button", { name: "Pair" }).click();
    await page.getByRole("img", { name: /QR code/ }).waitFor();
    expect(await accessibilityViolations()).toEqual([]);
    await picture("pairing");
    await page.getByRole("button", { name: "Scan" }).click();
    await page.getByText("Linked. The session is connected.").waitFor();
    await page.getByRole("button", { name: "Close" }).click();
    await page.getByRole("link", { name: "Open inbox" }).click();

    await page.getByLabel("New chat").fill(bob.number);
    await page.getByLabel("New chat").press("Enter");
    await page.getByLabel("Message", { exact: true }).fill("Your order is ready");
    await page.getByRole("button", { name: "Send" }).click();
    await page.locator(".bubble", { hasText: "Delivered" }).waitFor();
    expect(await accessibilityViolations()).toEqual([]);

    await page.getByRole("link", { name: "Simulated phones" }).click();
    await page.getByRole("button", { name: new RegExp(bob.number) }).click();
    await page.locator(".bubble", { hasText: "Your order is ready" }).waitFor();
    await picture("phone");
    await page.getByLabel("Message", { exact: true }).fill("I will come by at 5");
    await page.getByRole("button", { name: "Send" }).click();
    await page.getByRole("link", { name: "Inbox" }).click();
    await page.locator(".bubble", { hasText: "I will come by at 5" }).waitFor();
    await picture("inbox");
    expect(await accessibilityViolations()).toEqual([]);
    expect(complaints).toEqual([]);
  });

  test("the operator sees tenants and health; a phone's width and the dark scheme are accessible", async () => {
    await page.setViewportSize({ width: 390, height: 800 });
    await page.emulateMedia({ colorScheme: "dark" });
    await page.goto(`${addresses.apiUrl}/console/#key=${addresses.adminKey}`);
    await page.getByRole("row", { name: new RegExp(tenant.id) }).waitFor();
    expect(await accessibilityViolations()).toEqual([]);
    await page.getByRole("link", { name: "Health" }).click();
    await page.getByText("connectors").waitFor();
    expect(await accessibilityViolations()).toEqual([]);
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByLabel("API key or admin key").waitFor();
    expect(await accessibilityViolations()).toEqual([]);
    expect(complaints).toEqual([]);
  });

  test("hostile texts are shown as they are and run nothing", async () => {
    const owner = await pairSession(tenant, sandbox);
    const ada = await addPhone(sandbox);
    const texts = [
      '<img src=x onerror="alert(1)"><script>alert(2)</script>',
      "\u202Eevil\u202C \u0000 \uFFFD",
      "javascript:alert(3)",
      `long ${"x".repeat(60_000)}`,
    ];
    for (const hostile of texts) await ada.say(owner.number, hostile);
    await open("/inbox");
    await page.locator(".bubble", { hasText: "onerror" }).waitFor();
    await page.locator(".bubble", { hasText: "javascript:alert(3)" }).waitFor();
    await page.locator(".bubble", { hasText: "long xxx" }).waitFor();
    expect(await page.locator(".bubble img, .bubble script, .bubble a").count()).toBe(0);
    expect(complaints).toEqual([]);
  });

  test("a failing webhook is found, and what it missed is delivered again", async () => {
    let answer = 500;
    const receiver = await receiveWebhooks(() => answer);
    try {
      await addEndpoint(receiver.url);
      await pairSession(tenant, sandbox);
      await open("/webhooks");
      const row = page.getByRole("row", { name: /session.connected/ });
      await row.getByText("pending").waitFor();
      await row.getByText(/500/).waitFor();
      answer = 200;
      await row.getByRole("button", { name: "Redeliver" }).click();
      await row.getByText("delivered").waitFor();
      expect(await accessibilityViolations()).toEqual([]);
      expect(complaints).toEqual([]);
    } finally {
      await receiver.stop();
    }
  });

  async function addEndpoint(url: string): Promise<void> {
    const response = await fetch(`${addresses.apiUrl}/admin/tenants/${tenant.id}/webhooks`, {
      method: "POST",
      headers: { "X-Admin-Key": addresses.adminKey, "content-type": "application/json" },
      body: JSON.stringify({ url }),
    });
    expect(response.status).toBe(201);
  }
});

describe("the console's cookie", () => {
  const session = `${addresses.apiUrl}/console/session`;

  function signIn(key: string): Promise<Response> {
    const body = JSON.stringify({ key });
    return fetch(session, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body,
    });
  }

  test("is out of reach for scripts and other sites, and does not contain the key", async () => {
    const tenant = await addTenant(addresses);
    const response = await signIn(tenant.key);
    const cookie = response.headers.get("set-cookie") ?? "";
    expect(cookie).toMatch(/^console=.*; Path=\/; Max-Age=3600; HttpOnly; SameSite=Strict$/);
    expect(cookie).not.toContain(tenant.key);
    expect(await response.json()).toMatchObject({ role: "tenant", tenant_id: tenant.id });
  });

  test("reads for its own tenant, and changes nothing without the token of the page", async () => {
    const tenant = await addTenant(addresses);
    const response = await signIn(tenant.key);
    const cookie = (response.headers.get("set-cookie") ?? "").split(";")[0] ?? "";
    const { csrf_token: csrfToken } = (await response.json()) as { csrf_token: string };
    const sessions = `${addresses.apiUrl}/tenant/sessions`;
    expect((await fetch(sessions, { headers: { cookie } })).status).toBe(200);
    const create = (headers: Record<string, string>) =>
      fetch(sessions, {
        method: "POST",
        headers: { cookie, "content-type": "application/json", ...headers },
        body: JSON.stringify({ session_id: "one", name: "One" }),
      });
    expect((await create({})).status).toBe(401);
    expect((await create({ "x-csrf-token": "guessed" })).status).toBe(401);
    expect((await create({ "x-csrf-token": csrfToken })).status).toBe(201);
    const admin = await fetch(`${addresses.apiUrl}/admin/tenants`, { headers: { cookie } });
    expect(admin.status).toBe(401);
    const phones = await fetch(`${addresses.apiUrl}/console/phones-api/phones`);
    expect(phones.status).toBe(401);
  });

  test("is refused once it is altered, and for a key that does not exist", async () => {
    expect((await signIn("sk_test_does-not-exist-at-all")).status).toBe(401);
    const tenant = await addTenant(addresses);
    const response = await signIn(tenant.key);
    const cookie = (response.headers.get("set-cookie") ?? "").split(";")[0] ?? "";
    const altered = `${cookie.slice(0, -4)}AAAA`;
    const sessions = `${addresses.apiUrl}/tenant/sessions`;
    expect((await fetch(sessions, { headers: { cookie: altered } })).status).toBe(401);
  });
});
