import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, test } from "vitest";
import { addTenant, call, type Tenant, waitForState } from "./support/api.ts";
import { hasChromium, launchChromium } from "./support/chromium.ts";
import { addPhone } from "./support/phone.ts";

const addresses = inject("addresses");
const sandbox = addresses.sandboxUrl ?? "";

interface Link {
  url: string;
  expires_at: string;
}

async function addSession(tenant: Tenant): Promise<void> {
  const created = await tenant.post("/tenant/sessions", { session_id: "main", name: "Main" });
  expect(created.status).toBe(201);
}

async function createLink(tenant: Tenant, options: object = {}): Promise<string> {
  const answer = await tenant.post<Link>("/session/main/pairing-link", options);
  expect(answer.status).toBe(201);
  return answer.body.url;
}

/** A phone scans what the session shows. */
async function scan(tenant: Tenant): Promise<void> {
  const phone = await addPhone(sandbox);
  const shown = await fetch(`${tenant.url}/session/main/qr?format=raw`, {
    headers: tenant.headers,
  });
  const scanned = await phone.post("/scan", { qr: await shown.text() });
  expect(scanned.status).toBe(200);
}

describe("a pairing link", () => {
  test("expires when it says, leads to one session only, and is refused once it is altered", async () => {
    const tenant = await addTenant(addresses);
    await addSession(tenant);
    const answer = await tenant.post<Link>("/session/main/pairing-link", { expires_in: 60 });
    const left = Date.parse(answer.body.expires_at) - Date.now();
    expect(left).toBeGreaterThan(50_000);
    expect(left).toBeLessThanOrEqual(60_000);
    const state = await call("GET", `${answer.body.url}/state`);
    expect(state).toMatchObject({ status: 200, body: { tenant_name: tenant.id, image: null } });
    expect(state.body).not.toHaveProperty("qr");

    const altered = answer.body.url.replace(/.$/, (last) => (last === "A" ? "B" : "A"));
    expect((await call("GET", `${altered}/state`)).status).toBe(404);
    const asKey = { headers: { "X-Api-Key": answer.body.url.split("/").at(-1) ?? "" } };
    expect((await call("GET", `${tenant.url}/tenant/sessions`, asKey)).status).toBe(401);
  });

  test.each([
    [{ expires_in: 59 }, "expires_in"],
    [{ expires_in: 700_000 }, "expires_in"],
    [{ redirect_url: "javascript:alert(1)" }, "redirect_url"],
    [{ colour: "red" }, "colour"],
  ])("is not made from %j", async (options, field) => {
    const tenant = await addTenant(addresses);
    await addSession(tenant);
    const answer = await tenant.post("/session/main/pairing-link", options);
    expect(answer.status).toBe(422);
    expect(JSON.stringify(answer.body)).toContain(field);
  });

  test("is not made for a session of another tenant", async () => {
    const [owner, other] = [await addTenant(addresses), await addTenant(addresses)];
    await addSession(owner);
    expect((await other.post("/session/main/pairing-link", {})).status).toBe(404);
  });
});

describe.skipIf(!hasChromium)("the pairing page in Chromium", () => {
  let browser: Browser;
  let page: Page;
  let site: Server;
  /** The origin of the tenant's own site, which embeds the page. */
  let origin: string;
  let embedded: string;

  beforeAll(async () => {
    browser = await launchChromium();
    site = createServer((_request, response) => {
      response.setHeader("content-type", "text/html");
      response.end(`<title>Shop</title><iframe src="${embedded}" width=600 height=700></iframe>`);
    });
    site.listen(0, "127.0.0.1");
    await once(site, "listening");
    origin = `http://127.0.0.1:${(site.address() as AddressInfo).port}`;
  });
  afterAll(async () => {
    await browser.close();
    site.closeAllConnections();
    site.close();
  });
  beforeEach(async () => {
    page = await browser.newPage();
    page.setDefaultTimeout(20_000);
  });
  afterEach(() => page.close());

  test("shows the QR code, says when it was scanned, and leads back", async () => {
    const tenant = await addTenant(addresses, { name: "Ada's Shop" });
    await addSession(tenant);
    await page.goto(await createLink(tenant, { redirect_url: `${origin}/linked` }));
    await page.getByRole("heading", { name: "Link your WhatsApp number to Ada's Shop" }).waitFor();
    await page.getByRole("img", { name: /QR code/ }).waitFor();
    embedded = "about:blank";
    await scan(tenant);
    await page.getByText("Your number is linked").waitFor();
    await page.waitForURL(`${origin}/linked`);
    await waitForState(tenant, "main", "connected");
  });

  test("gives a code instead, and explains a number that it cannot use", async () => {
    const tenant = await addTenant(addresses);
    await addSession(tenant);
    const phone = await addPhone(sandbox);
    await page.goto(await createLink(tenant));
    await page.getByRole("img", { name: /QR code/ }).waitFor();
    await page.getByText("Link with a code instead").click();
    await page.getByLabel(/Your WhatsApp number/).fill("12");
    await page.getByRole("button", { name: "Get a code" }).click();
    await page.getByText("complete phone number").waitFor();
    await page.getByLabel(/Your WhatsApp number/).fill(`+${phone.number}`);
    await page.getByRole("button", { name: "Get a code" }).click();
    const code = await page.locator(".code").textContent();
    expect((await phone.post("/link", { code })).status).toBe(200);
    await page.getByText("Your number is linked").waitFor();
  });

  test("is embedded by the tenant's own origin, and by nobody else's", async () => {
    const tenant = await addTenant(addresses, { cors_origins: [origin] });
    const stranger = await addTenant(addresses);
    await addSession(tenant);
    await addSession(stranger);
    embedded = await createLink(tenant);
    await page.goto(origin);
    await page
      .frameLocator("iframe")
      .getByRole("heading", { name: /Link your WhatsApp/ })
      .waitFor();

    embedded = await createLink(stranger);
    const refused = page.waitForEvent("console", (line) => line.text().includes("frame-ancestors"));
    await page.goto(origin);
    await refused;
    expect(await page.frameLocator("iframe").getByRole("heading").count()).toBe(0);
  });
});
