import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import type { SupabaseClient } from "@supabase/supabase-js";
import type { Browser, Page, WebSocketRoute } from "playwright-core";
import { afterAll, beforeAll, describe, expect, inject, onTestFinished, test } from "vitest";
import { EventList } from "../examples/frontend/page/event-list.js";
import { addTenant, call, type Tenant, until } from "./support/api.ts";
import { hasChromium, launchChromium } from "./support/chromium.ts";
import { addPhone, pairSession } from "./support/phone.ts";
import { startProgram } from "./support/program.ts";

/** The example in examples/frontend, in a real browser. */
const addresses = inject("addresses");
/** Realtime loses what contains this. */
const lostText = "lost on the way";
const sandbox = addresses.sandboxUrl ?? "";
const server = fileURLToPath(new URL("../examples/frontend/server.js", import.meta.url));

async function startBackend(tenant: Tenant): Promise<string> {
  const backend = startProgram(process.execPath, [server], {
    env: { WHATSAPP_API_URL: addresses.apiUrl, WHATSAPP_API_KEY: tenant.key },
  });
  onTestFinished(() => backend.stop());
  const printed = await until(
    async () => backend.stdout() + backend.stderr(),
    (output) => output.includes("\n"),
  );
  return printed.trim();
}

test("the backend says what is wrong with its key", async () => {
  for (const key of ["", "sk_test_unknownunknown"]) {
    const backend = startProgram(process.execPath, [server], {
      env: { WHATSAPP_API_URL: addresses.apiUrl, WHATSAPP_API_KEY: key },
    });
    const [code] = (await once(backend.child, "exit")) as [number];
    expect(code).toBe(1);
    expect(backend.stderr()).toMatch(
      /^(Set WHATSAPP_API_KEY|There is no token .* Use another key)/,
    );
    expect(backend.stderr().trim().split("\n")).toHaveLength(1);
  }
});

test("the backend gives a token to its own page only, and no file but those of the page", async () => {
  const url = await startBackend(await addTenant(addresses));
  const ask = (headers: Record<string, string>) => call("POST", `${url}/token`, { headers });
  const own = await ask({ "Sec-Fetch-Site": "same-origin" });
  expect(own).toMatchObject({ status: 200, body: { token: expect.any(String) } });
  expect(JSON.stringify(own.body)).not.toContain("sk_test_");
  for (const site of ["cross-site", "same-site", "none"]) {
    expect(await ask({ "Sec-Fetch-Site": site })).toMatchObject({ status: 403 });
  }
  expect(await ask({})).toMatchObject({ status: 403 });
  for (const path of ["/server.js", "/package.json", "/..%2fserver.js", "/page/page.js"]) {
    expect((await fetch(url + path)).status).toBe(404);
  }
});

test("the list loses no event that Realtime brings before its row can be read", async () => {
  const rows = [{ seq: 7 }];
  const reads: number[] = [];
  const query = {
    select: () => query,
    gt: (_: string, seq: number) => {
      reads.push(seq);
      return query;
    },
    order: () => query,
    limit: () => Promise.resolve({ data: [...rows], error: null }),
  };
  const shown: number[] = [];
  const list = new EventList({ from: () => query } as unknown as SupabaseClient, ({ seq }) =>
    shown.push(seq),
  );
  await list.catchUp();
  const waiting = list.receive({ seq: 9 });
  await until(
    async () => reads.length,
    (count) => count >= 2,
  );
  expect(shown).toEqual([7]);
  rows.splice(0, 1, { seq: 8 });
  await list.receive({ seq: 10 });
  await list.receive({ seq: 8 });
  await waiting;
  expect(shown).toEqual([7, 8, 9, 10]);
});

describe.skipIf(!hasChromium)("in Chromium", () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchChromium();
  });
  afterAll(() => browser.close());

  async function open(tenant: Tenant): Promise<{ page: Page; socket: () => WebSocketRoute[] }> {
    const page = await browser.newPage();
    onTestFinished(() => page.close());
    const sockets: WebSocketRoute[] = [];
    await page.routeWebSocket(/\/realtime\/v1\//, (socket) => {
      sockets.push(socket);
      socket.connectToServer().onMessage((message) => {
        if (!message.toString().includes(lostText)) socket.send(message);
      });
    });
    await page.goto(await startBackend(tenant));
    await page.locator("#status[data-live=true]").waitFor();
    return { page, socket: () => sockets };
  }

  const textsOn = async (page: Page) =>
    (await page.locator("#events .text").allTextContents())
      .filter((text) => text !== "")
      .toReversed();

  const waitForText = (page: Page, text: string) =>
    page.locator("#events .text", { hasText: text }).first().waitFor();

  test("a page shows the sessions and events of its tenant live, and none of another's", async () => {
    const [one, two] = [await addTenant(addresses), await addTenant(addresses)];
    const [ownerOne, ownerTwo] = [await pairSession(one, sandbox), await pairSession(two, sandbox)];
    const ada = await addPhone(sandbox);
    await ada.say(ownerOne.number, "before the page was open");
    const [{ page: pageOne }, { page: pageTwo }] = [await open(one), await open(two)];
    await waitForText(pageOne, "before the page was open");
    await ada.say(ownerTwo.number, "for two");
    await ada.say(ownerOne.number, "for one");
    await waitForText(pageOne, "for one");
    await waitForText(pageTwo, "for two");
    expect(await textsOn(pageOne)).toEqual(["before the page was open", "for one"]);
    expect(await textsOn(pageTwo)).toEqual(["for two"]);
    expect(await pageOne.locator("#sessions").textContent()).toContain(ownerOne.number);
    expect(await pageOne.locator("#events .sender").first().textContent()).toBe(ada.number);

    await one.post("/session/main/disconnect");
    await pageOne.locator("#sessions .state", { hasText: "disconnected" }).waitFor();
    expect(await pageTwo.locator("#sessions .state").textContent()).toBe("connected");
  });

  test("a text that is HTML is shown as text and runs nothing", async () => {
    const tenant = await addTenant(addresses);
    const owner = await pairSession(tenant, sandbox);
    const ada = await addPhone(sandbox, "<b>Ada</b>");
    const { page } = await open(tenant);
    const problems: string[] = [];
    page.on("pageerror", (error) => problems.push(error.message));
    const text = `<img src=x onerror="document.title='run'"><script>document.title='run'</script>`;
    await ada.say(owner.number, text);
    await waitForText(page, "<img");
    expect(await textsOn(page)).toEqual([text]);
    expect(await page.locator("#events img, #events script, #events b").count()).toBe(0);
    expect(await page.title()).toBe("WhatsApp events");
    // And where somebody forgets to escape, the Content-Security-Policy stops the script.
    const title = await page.evaluate(
      `(async () => {
        document.body.insertAdjacentHTML("beforeend", '<img src="data:x" onerror="document.title=1">');
        await new Promise((resolve) => setTimeout(resolve, 100));
        return document.title;
      })()`,
    );
    expect(title).toBe("WhatsApp events");
    expect(problems).toEqual([]);
  });

  test("a page that was cut off, or missed an event, shows it, in order and once", async () => {
    const tenant = await addTenant(addresses);
    const owner = await pairSession(tenant, sandbox);
    const ada = await addPhone(sandbox);
    const { page, socket } = await open(tenant);
    await ada.say(owner.number, "1");
    await waitForText(page, "1");
    await socket().at(-1)?.close({ code: 4000 });
    await ada.say(owner.number, "2");
    await ada.say(owner.number, "3");
    await until(
      () => textsOn(page),
      (texts) => texts.length === 3,
    );
    await page.locator("#status[data-live=true]").waitFor();
    await ada.say(owner.number, "4");
    await waitForText(page, "4");
    await ada.say(owner.number, `5 ${lostText}`);
    await ada.say(owner.number, "6");
    await waitForText(page, "6");
    expect(await textsOn(page)).toEqual(["1", "2", "3", "4", `5 ${lostText}`, "6"]);
    expect(socket().length).toBeGreaterThan(1);
  });

  test("a page of an allowed origin calls the API itself; one of another origin cannot read it", async () => {
    const pages = createServer((_, response) => {
      response.writeHead(200, { "content-type": "text/html" }).end("<!doctype html>");
    });
    pages.listen(0, "127.0.0.1");
    await once(pages, "listening");
    onTestFinished(() => void pages.close());
    const { port } = pages.address() as AddressInfo;
    const allowed = `http://127.0.0.1:${port}`;
    const foreign = `http://localhost:${port}`;
    const tenant = await addTenant(addresses, {
      cors_origins: [allowed],
      rate_limit_per_minute: 20,
    });
    const page = await browser.newPage();
    onTestFinished(() => page.close());
    const request = (path: string, key: string, init: object = {}) =>
      page.evaluate(
        `fetch(${JSON.stringify(addresses.apiUrl + path)}, {
           headers: { "X-Api-Key": ${JSON.stringify(key)}, "Content-Type": "application/json" },
           ...${JSON.stringify(init)},
         }).then(
           async (response) => [response.status, response.headers.get("ratelimit-limit"), (await response.text()).slice(0, 2)],
           (error) => error.name,
         )`,
      );
    await page.goto(allowed);
    expect(await request("/tenant/sessions", tenant.key)).toEqual([200, "20", '{"']);
    const created = { method: "POST", body: '{"session_id":"from-page"}' };
    expect(await request("/tenant/sessions", tenant.key, created)).toEqual([201, "20", '{"']);
    expect(await request("/session/from-page", tenant.key, { method: "DELETE" })).toEqual([
      204,
      "20",
      "",
    ]);
    expect(await request("/tenant/sessions", "sk_test_unknownunknown")).toEqual([401, null, '{"']);
    await page.goto(foreign);
    expect(await request("/tenant/sessions", tenant.key)).toBe("TypeError");
  });
});
