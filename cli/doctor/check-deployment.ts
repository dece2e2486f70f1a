import { ApiError, type Health, type Session, type WhatsAppClient } from "../../client/index.ts";
import { messageOf } from "../output/failure.ts";
import { failed, type Finding, ok, skipped, warning } from "./check.ts";

/** Webhooks are refused beyond 300 s, command tokens beyond 15 s: a clock should be far better. */
const maxSkewSeconds = 10;
const slowDatabaseMs = 250;
const slowAnswerMs = 1_000;
const attempt = { maxRetries: 1, timeoutMs: 15_000 };

export interface Doctor {
  client: WhatsAppClient;
  url: string;
  key: string;
  /** The version of this program. */
  version: string;
  now: () => number;
  fetch: typeof fetch;
  signal: AbortSignal;
}

/** Checks a deployment from outside, in the order in which one thing needs the other. */
export async function checkDeployment(doctor: Doctor): Promise<Finding[]> {
  const { findings, health } = await checkHealth(doctor);
  if (health === undefined) {
    return [...findings, skipped("key", "not checked, since the API does not answer")];
  }
  const found = [...findings, ...checkParts(health), checkVersion(health, doctor.version)];
  const key = await checkKey(doctor);
  found.push(key);
  if (key.status === "failed") return found;
  return [...found, ...(await checkSessions(doctor)), ...(await checkWebhooks(doctor))];
}

async function checkHealth(
  doctor: Doctor,
): Promise<{ findings: Finding[]; health: Health | undefined }> {
  const { client, url, signal } = doctor;
  try {
    const startedAt = doctor.now();
    const date = await readDate(doctor);
    const durationMs = Math.round(doctor.now() - startedAt);
    const health = await client.getHealth({ ...attempt, signal });
    if (typeof health.checks !== "object") throw new TypeError("It is not the health of this API");
    const reached =
      durationMs > slowAnswerMs
        ? warning(
            "url",
            `${url} answers in ${durationMs} ms`,
            "Look at the network between here and there.",
          )
        : ok("url", `${url} answers in ${durationMs} ms`);
    return { findings: [reached, checkClock(date, doctor.now())], health };
  } catch (error) {
    if (signal.aborted) throw error;
    const todo =
      error instanceof ApiError
        ? "Check that the URL is the API's own, not of a page or a proxy in front of it: wm login --url."
        : "Check the URL (wm login --url), DNS and the network, and that the API runs.";
    return { findings: [failed("url", messageOf(error), todo)], health: undefined };
  }
}

/** The server's clock, by its Date header. */
async function readDate({ url, fetch, signal }: Doctor): Promise<number | undefined> {
  const response = await fetch(`${url.replace(/\/+$/, "")}/health`, {
    redirect: "manual",
    signal: AbortSignal.any([signal, AbortSignal.timeout(attempt.timeoutMs)]),
  });
  await response.body?.cancel();
  const date = Date.parse(response.headers.get("date") ?? "");
  return Number.isNaN(date) ? undefined : date;
}

function checkClock(serverMs: number | undefined, nowMs: number): Finding {
  if (serverMs === undefined) return skipped("clock", "the answer has no Date header");
  // The header has whole seconds.
  const skew = Math.round((nowMs - serverMs - 500) / 1_000);
  const direction = skew > 0 ? "ahead of" : "behind";
  if (Math.abs(skew) <= maxSkewSeconds)
    return ok("clock", `within ${maxSkewSeconds} s of the API's`);
  return failed(
    "clock",
    `this machine's clock is ${Math.abs(skew)} s ${direction} the API's`,
    "Synchronize both clocks (NTP): webhooks are refused when they are 300 s apart.",
  );
}

function checkParts({ checks }: Health): Finding[] {
  const { database, connectors, realtime } = checks;
  return [
    checkDatabase(database),
    connectors.status === "ok"
      ? ok("connectors", `${connectors.live} live`)
      : failed(
          "connectors",
          "none is live: no session can connect or send",
          "Start a connector (npm run connector, or fly deploy) and read its log: it needs ENCRYPTION_KEY and the database.",
        ),
    realtime.status === "ok"
      ? ok("realtime", "joined")
      : warning(
          "realtime",
          realtime.status === "joining" ? "the hubs are joining" : "down: events arrive by polling",
          realtime.status === "joining"
            ? "Run wm doctor again in a few seconds."
            : "Check SUPABASE_URL and SUPABASE_KEY of the Worker, and Realtime in the Supabase dashboard.",
        ),
  ];
}

function checkDatabase({ status, latency_ms }: Health["checks"]["database"]): Finding {
  if (status !== "ok") {
    return failed(
      "database",
      "the API does not reach it, or a migration is missing",
      "Check SUPABASE_URL and SUPABASE_KEY of the Worker, and apply supabase/migrations (or supabase-safe-migration.sql).",
    );
  }
  const detail = `answers in ${latency_ms ?? "?"} ms`;
  return (latency_ms ?? 0) > slowDatabaseMs
    ? warning(
        "database",
        detail,
        "Put the database and the Worker in the same region (Smart Placement).",
      )
    : ok("database", detail);
}

function checkVersion({ version }: Health, own: string): Finding {
  const [major, minor] = version.split(".");
  const [ownMajor, ownMinor] = own.split(".");
  const isSame = major === ownMajor && (major !== "0" || minor === ownMinor);
  if (isSame) return ok("version", `API ${version}, wm ${own}`);
  return warning(
    "version",
    `the API is ${version}, wm is ${own}`,
    "Install the wm of the API's version; commands of the other may be missing or refused.",
  );
}

async function checkKey({ client, key, signal }: Doctor): Promise<Finding> {
  const network = key.startsWith("sk_test_") ? "the sandbox" : "WhatsApp";
  try {
    await client.listSessions({ limit: 1 }, { ...attempt, signal });
    return ok("key", `valid, for ${network}`);
  } catch (error) {
    if (signal.aborted) throw error;
    const isRefused = error instanceof ApiError && error.status === 401;
    const todo = isRefused
      ? "Run wm login with a valid key. The operator makes one: POST /admin/tenants/:id/keys."
      : "Correct the findings above, then run wm doctor again.";
    return failed("key", messageOf(error), todo);
  }
}

async function checkSessions({ client, signal }: Doctor): Promise<Finding[]> {
  const sessions: Session[] = [];
  for await (const session of client.listSessions({ limit: 100 }, { ...attempt, signal })) {
    sessions.push(session);
  }
  if (sessions.length === 0) {
    return [warning("sessions", "there is none", "Pair one: wm pair main")];
  }
  const away = sessions.filter(({ state }) => state !== "connected");
  if (away.length === 0) return [ok("sessions", `${sessions.length} connected`)];
  return away.map(({ session_id, state, last_disconnect }) =>
    warning(
      "sessions",
      `${session_id} is ${state}${last_disconnect === null ? "" : `: ${last_disconnect.reason} at ${last_disconnect.at}`}`,
      todoOf(session_id, state),
    ),
  );
}

function todoOf(sessionId: string, state: Session["state"]): string {
  switch (state) {
    case "disconnected":
      return `Connect it: wm sessions connect ${sessionId}`;
    case "connecting":
    case "reconnecting":
      return "Wait a few seconds. If it stays so, the connector's log has the cause.";
    case "created":
    case "qr":
    case "pairing_code":
    case "logged_out":
    case "connected":
      return `Pair it: wm pair ${sessionId}`;
  }
}

async function checkWebhooks({ client, signal }: Doctor): Promise<Finding[]> {
  const findings: Finding[] = [];
  let count = 0;
  for await (const endpoint of client.listWebhooks({ limit: 100 }, { ...attempt, signal })) {
    count += 1;
    const { id, url, enabled, disabled_reason, failing_since } = endpoint;
    if (!enabled) {
      const why = disabled_reason === null ? "" : ` (${disabled_reason})`;
      const todo = `Correct the endpoint, then switch it on again. Test it: wm trigger webhook.test --endpoint ${id}`;
      findings.push(warning("webhooks", `${url} is switched off${why}`, todo));
    } else if (failing_since !== null) {
      const todo = `See why: wm events list --endpoint ${id}. Test it: wm trigger webhook.test --endpoint ${id}`;
      findings.push(warning("webhooks", `${url} fails since ${failing_since}`, todo));
    }
  }
  if (findings.length > 0) return findings;
  return [
    count === 0 ? skipped("webhooks", "there is no endpoint") : ok("webhooks", `${count} work`),
  ];
}
