import { expect, test } from "vitest";
import { WhatsAppClient } from "../../client/index.ts";
import { checkDeployment } from "./check-deployment.ts";

const health = (change: object = {}) => ({
  status: "ok",
  version: "0.1.0",
  checks: {
    database: { status: "ok", latency_ms: 3 },
    connectors: { status: "ok", live: 1 },
    realtime: { status: "ok" },
    ...change,
  },
});
const page = (...data: object[]) => ({ data, next_cursor: null });
const session = { session_id: "main", state: "connected", last_disconnect: null };
const problem = (status: number, code: string) =>
  Response.json({ status, code, detail: "What to do" }, { status });

type Answers = Record<string, () => Response | Promise<Response>>;

/** Checks an API that answers so, with this time in its Date header. */
function diagnose(answers: Answers, serverMs = Date.now()) {
  const all: Answers = {
    "/health": () => Response.json(health()),
    "/tenant/sessions": () => Response.json(page(session)),
    "/tenant/webhooks": () => Response.json(page()),
    ...answers,
  };
  const answer = async (url: string) => {
    const response = await all[new URL(url).pathname]?.();
    if (response === undefined) throw new Error(`No answer for ${url}`);
    response.headers.set("date", new Date(serverMs).toUTCString());
    return response;
  };
  const fetch = answer as unknown as typeof globalThis.fetch;
  const url = "https://api.test";
  return checkDeployment({
    client: new WhatsAppClient({
      apiKey: "sk_test_1",
      baseUrl: url,
      fetch,
      random: () => 0,
    } as never),
    url,
    key: "sk_test_1",
    version: "0.1.9",
    now: Date.now,
    fetch,
    signal: new AbortController().signal,
  });
}

test("a deployment that is well: every check passes", async () => {
  const findings = await diagnose({});
  expect(findings.map(({ check, status }) => `${check} ${status}`)).toEqual([
    "url ok",
    "clock ok",
    "database ok",
    "connectors ok",
    "realtime ok",
    "version ok",
    "key ok",
    "sessions ok",
    "webhooks skipped",
  ]);
});

test.each<[string, Answers, string, string]>([
  [
    "no connection",
    { "/health": () => Promise.reject(new TypeError("fetch failed")) },
    "url failed",
    "Check the URL",
  ],
  ["another server", { "/health": () => new Response("<html>") }, "url failed", "not of a page"],
  [
    "a server with JSON of its own",
    { "/health": () => Response.json({ ok: true }) },
    "url failed",
    "Check the URL",
  ],
  [
    "a database that is down",
    {
      "/health": () =>
        Response.json(health({ database: { status: "down", latency_ms: null } }), { status: 503 }),
    },
    "database failed",
    "supabase/migrations",
  ],
  [
    "a slow database",
    { "/health": () => Response.json(health({ database: { status: "ok", latency_ms: 900 } })) },
    "database warning",
    "region",
  ],
  [
    "no connector",
    { "/health": () => Response.json(health({ connectors: { status: "down", live: 0 } })) },
    "connectors failed",
    "Start a connector",
  ],
  [
    "no Realtime",
    { "/health": () => Response.json(health({ realtime: { status: "down" } })) },
    "realtime warning",
    "SUPABASE_KEY",
  ],
  [
    "another version",
    { "/health": () => Response.json({ ...health(), version: "0.2.0" }) },
    "version warning",
    "Install the wm",
  ],
  [
    "a revoked key",
    { "/tenant/sessions": () => problem(401, "unauthorized") },
    "key failed",
    "wm login",
  ],
  [
    "no session",
    { "/tenant/sessions": () => Response.json(page()) },
    "sessions warning",
    "wm pair",
  ],
  [
    "a session that was logged out",
    {
      "/tenant/sessions": () =>
        Response.json(
          page({
            session_id: "shop",
            state: "logged_out",
            last_disconnect: { reason: "logged_out", at: "2026-01-02T03:04:05Z" },
          }),
        ),
    },
    "sessions warning",
    "wm pair shop",
  ],
  [
    "an endpoint that was switched off",
    {
      "/tenant/webhooks": () =>
        Response.json(
          page({ id: "e1", url: "https://x.test", enabled: false, disabled_reason: "gone" }),
        ),
    },
    "webhooks warning",
    "--endpoint e1",
  ],
  [
    "an endpoint that fails",
    {
      "/tenant/webhooks": () =>
        Response.json(
          page({ id: "e1", url: "https://x.test", enabled: true, failing_since: "now" }),
        ),
    },
    "webhooks warning",
    "wm events list --endpoint e1",
  ],
])("%s is found, and it says what to do", async (_, answers, expected, todo) => {
  const findings = await diagnose(answers);
  const found = findings.find(({ check, status }) => `${check} ${status}` === expected);
  expect(found?.todo).toContain(todo);
});

test("a clock that is wrong is found, in both directions", async () => {
  for (const [seconds, text] of [
    [-60, "ahead of"],
    [60, "behind"],
  ] as const) {
    const findings = await diagnose({}, Date.now() + seconds * 1_000);
    expect(findings).toContainEqual(
      expect.objectContaining({
        check: "clock",
        status: "failed",
        detail: expect.stringMatching(new RegExp(`(59|60|61) s ${text}`)),
      }),
    );
  }
});
