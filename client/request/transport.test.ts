import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { WhatsAppClient } from "../client.ts";
import { ApiError, ConnectionError, TimeoutError } from "../errors.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

type Step = Response | Error | "hang";

/** A client whose requests are answered with these, in order; the last one again and again. */
function clientWith(...steps: (Step | ((signal: AbortSignal) => Step))[]) {
  const requests: { url: string; method: string; headers: Headers; body: unknown; at: number }[] =
    [];
  const answer = (url: string, init: RequestInit): Promise<Response> => {
    const step = steps[Math.min(requests.length, steps.length - 1)];
    requests.push({
      url,
      method: init.method ?? "GET",
      headers: new Headers(init.headers),
      body: init.body,
      at: Date.now(),
    });
    const given = typeof step === "function" ? step(init.signal as AbortSignal) : step;
    if (given instanceof Response) return Promise.resolve(given);
    if (given instanceof Error) return Promise.reject(given);
    return new Promise((_, reject) => {
      init.signal?.addEventListener("abort", () => reject(init.signal?.reason as Error));
    });
  };
  const whatsapp = new WhatsAppClient({
    apiKey: "sk_test_1",
    baseUrl: "https://api.test/whatsapp/",
    fetch: answer as typeof fetch,
  });
  return { whatsapp, requests };
}

const message = { to: "393331234567", message: "Hi" };
const json = (body: unknown, status = 200, headers: Record<string, string> = {}) =>
  Response.json(body, { status, headers });
const problem =
  (status: number, code: string, headers: Record<string, string> = {}) =>
  () =>
    json(
      { status, code, title: "t", type: "u", detail: "What to do", request_id: "r-1" },
      status,
      headers,
    );

/** The settled result, however much (fake) time it takes. */
async function settled<Value>(promise: Promise<Value>) {
  const result = promise.then(
    (value) => ({ value, error: undefined }),
    (error: unknown) => ({ value: undefined, error }),
  );
  await vi.runAllTimersAsync();
  return result;
}

test("the key, the path with its prefix and the query are sent", async () => {
  const { whatsapp, requests } = clientWith(() => json({ data: [], next_cursor: null }));
  await whatsapp.listMessages("a b/c", { limit: 2, chat: "+39 333" });
  expect(requests[0]).toMatchObject({
    url: "https://api.test/whatsapp/session/a%20b%2Fc/messages?limit=2&chat=%2B39+333",
    method: "GET",
  });
  expect(requests[0]?.headers.get("x-api-key")).toBe("sk_test_1");
});

test.each(["", ".", ".."])(
  "an id %j, which would lead to another route, is refused",
  async (id) => {
    const { whatsapp, requests } = clientWith(() => json({}));
    await expect(whatsapp.deleteSession(id)).rejects.toThrow(TypeError);
    expect(requests).toEqual([]);
  },
);

test.each(["api.test", "ftp://api.test", "http://api.test?x=1", ""])(
  "baseUrl %j is refused",
  (baseUrl) => {
    expect(() => new WhatsAppClient({ apiKey: "k", baseUrl })).toThrow(TypeError);
  },
);

test.each(["", "a b", "sk_test\n"])("apiKey %j is refused", (apiKey) => {
  expect(() => new WhatsAppClient({ apiKey, baseUrl: "https://api.test" })).toThrow("apiKey");
});

test("a send is repeated with the same key after a lost connection and after 502, 503, 504", async () => {
  const { whatsapp, requests } = clientWith(
    new TypeError("fetch failed"),
    () => new Response("<html>", { status: 502 }),
    problem(503, "session_unavailable"),
    () => json({ id: "1" }, 201),
  );
  const { value } = await settled(whatsapp.sendMessage("main", message));
  expect(value).toEqual({ id: "1" });
  const keys = requests.map(({ headers }) => headers.get("idempotency-key"));
  expect(keys).toHaveLength(4);
  expect(new Set(keys).size).toBe(1);
  expect(requests.map(({ body }) => body)).toEqual(Array(4).fill(JSON.stringify(message)));
});

test("an idempotency key that is given is sent", async () => {
  const { whatsapp, requests } = clientWith(() => json({}));
  await whatsapp.sendMessage("main", message, { idempotencyKey: "order-1" });
  expect(requests[0]?.headers.get("idempotency-key")).toBe("order-1");
});

test("what cannot be repeated without a second effect is not", async () => {
  for (const failure of [new TypeError("fetch failed"), problem(503, "database_unavailable")]) {
    const { whatsapp, requests } = clientWith(failure);
    const { error } = await settled(whatsapp.createSession({ session_id: "main" }));
    expect(error).toBeInstanceOf(Error);
    expect(requests).toHaveLength(1);
  }
});

test("Retry-After is waited for, in seconds or as a date", async () => {
  for (const header of ["30", "Fri, 02 Jan 2026 03:04:35 GMT"]) {
    vi.setSystemTime("2026-01-02T03:04:05Z");
    const { whatsapp, requests } = clientWith(
      problem(429, "rate_limited", { "retry-after": header }),
      () => json({}, 201),
    );
    await settled(whatsapp.createSession({ session_id: "main" }));
    const waitedMs = (requests[1]?.at ?? 0) - (requests[0]?.at ?? 0);
    expect(waitedMs).toBeGreaterThanOrEqual(28_900);
    expect(waitedMs).toBeLessThanOrEqual(31_600);
  }
});

test("a Retry-After beyond the deadline is not waited for", async () => {
  const { whatsapp, requests } = clientWith(
    problem(429, "rate_limited", { "retry-after": "3600" }),
  );
  const { error } = await settled(whatsapp.sendMessage("main", message));
  expect(error).toMatchObject({ status: 429, retryAfterSeconds: 3600 });
  expect(requests).toHaveLength(1);
});

test("retries are bounded, and their delays grow with jitter", async () => {
  const { whatsapp, requests } = clientWith(problem(503, "session_unavailable"));
  const { error } = await settled(whatsapp.sendMessage("main", message));
  expect(error).toMatchObject({ code: "session_unavailable" });
  expect(requests).toHaveLength(5);
  const delays = requests.slice(1).map(({ at }, index) => at - (requests[index]?.at ?? 0));
  for (const [index, delay] of delays.entries()) {
    expect(delay).toBeGreaterThanOrEqual(250 * 2 ** index - 1);
    expect(delay).toBeLessThanOrEqual(500 * 2 ** index + 1);
  }
});

test("other 4xx are not repeated; the error has code, status, request id and field", async () => {
  const { whatsapp, requests } = clientWith(() =>
    json(
      {
        status: 422,
        code: "invalid_request",
        detail: "Correct the fields",
        request_id: "r-9",
        errors: [{ field: "to", detail: "Must be a phone number" }],
      },
      422,
    ),
  );
  const { error } = await settled(whatsapp.sendMessage("main", { to: "?", message: "" }));
  expect(error).toBeInstanceOf(ApiError);
  expect(error).toMatchObject({
    name: "ApiError",
    message: "Correct the fields",
    status: 422,
    code: "invalid_request",
    requestId: "r-9",
    field: "to",
    errors: [{ field: "to", detail: "Must be a phone number" }],
  });
  expect(requests).toHaveLength(1);
});

test("a server that hangs: each attempt ends at its timeout, the call at its deadline", async () => {
  const { whatsapp, requests } = clientWith("hang");
  const startedAt = Date.now();
  const { error } = await settled(
    whatsapp.sendMessage("main", message, { timeoutMs: 1_000, deadlineMs: 5_000 }),
  );
  expect(error).toBeInstanceOf(TimeoutError);
  expect(error).toBeInstanceOf(ConnectionError);
  expect(requests.length).toBeGreaterThanOrEqual(2);
  expect(Date.now() - startedAt).toBeLessThanOrEqual(5_000);
});

test("a body that hangs after its headers ends at the timeout, too", async () => {
  const { whatsapp } = clientWith((signal) => {
    const start = (controller: ReadableStreamDefaultController) => {
      controller.enqueue(new Uint8Array([123]));
      signal.addEventListener("abort", () => controller.error(signal.reason));
    };
    return new Response(new ReadableStream({ start }));
  });
  const call = whatsapp.getSession("main", { timeoutMs: 500, maxRetries: 0 });
  const { error } = await settled(call);
  expect(error).toBeInstanceOf(TimeoutError);
});

test("an AbortSignal ends a request and a wait with its reason", async () => {
  for (const step of ["hang" as const, problem(503, "session_unavailable")]) {
    const { whatsapp } = clientWith(step);
    const aborter = new AbortController();
    const call = settled(whatsapp.sendMessage("main", message, { signal: aborter.signal }));
    aborter.abort(new Error("enough"));
    expect((await call).error).toMatchObject({ message: "enough" });
  }
  const { whatsapp, requests } = clientWith(() => json({}));
  const aborted = AbortSignal.abort(new Error("before"));
  await expect(whatsapp.getSession("main", { signal: aborted })).rejects.toThrow("before");
  expect(requests).toEqual([]);
});

test("a redirect is an error that names its target, since the key would go with it", async () => {
  const { whatsapp } = clientWith(
    () => new Response(null, { status: 308, headers: { location: "https://new.test/" } }),
  );
  await expect(whatsapp.getSession("main")).rejects.toThrow("https://new.test/");
});

test("an answer of something else than the API says so", async () => {
  const { whatsapp } = clientWith(() => new Response("<html>Sign in</html>"));
  await expect(whatsapp.getSession("main")).rejects.toMatchObject({ code: "unexpected_response" });
});

test("a DELETE whose first answer was lost is done when the second finds nothing", async () => {
  const lost = clientWith(new TypeError("reset"), problem(404, "not_found"));
  expect((await settled(lost.whatsapp.deleteSession("main"))).error).toBeUndefined();
  const missing = clientWith(problem(404, "not_found"));
  expect((await settled(missing.whatsapp.deleteSession("main"))).error).toMatchObject({
    status: 404,
  });
});

test("the health of a service that is down is a result, not an error", async () => {
  const { whatsapp } = clientWith(() => json({ status: "degraded" }, 503));
  expect(await whatsapp.getHealth()).toEqual({ status: "degraded" });
});

test("a list is its first page, and an iteration over all", async () => {
  const { whatsapp, requests } = clientWith(
    () => json({ data: [{ id: "1" }, { id: "2" }], next_cursor: "c1" }),
    () => json({ data: [], next_cursor: "c2" }),
    () => json({ data: [{ id: "3" }], next_cursor: null }),
  );
  const ids: string[] = [];
  for await (const { id } of whatsapp.listMessages("main", { limit: 2, offset: 5 })) ids.push(id);
  expect(ids).toEqual(["1", "2", "3"]);
  expect(requests.map(({ url }) => new URL(url).search)).toEqual([
    "?limit=2&offset=5",
    "?limit=2&cursor=c1",
    "?limit=2&cursor=c2",
  ]);
  const first = clientWith(() => json({ data: [{ id: "1" }], next_cursor: "c1" }));
  expect((await first.whatsapp.listMessages("main")).next_cursor).toBe("c1");
  expect(first.requests).toHaveLength(1);
});

test("a file's bytes go as multipart, its base64 and URL as JSON", async () => {
  const { whatsapp, requests } = clientWith(() => json({}, 201));
  await whatsapp.sendImage("main", { to: "1", image: "aGk=", caption: "Hi" });
  expect(requests[0]?.body).toBe('{"to":"1","image":"aGk=","caption":"Hi"}');
  for (const document of [
    new Uint8Array([1, 2]),
    new Uint8Array([1, 2]).buffer,
    new Blob(["ab"]),
  ]) {
    await whatsapp.sendDocument("main", { to: "1", document, file_name: "a.pdf" });
    const form = requests.at(-1)?.body as FormData;
    expect(form.get("to")).toBe("1");
    const file = form.get("document") as File;
    expect(file).toMatchObject({ name: "a.pdf", size: 2 });
    expect(requests.at(-1)?.headers.get("content-type")).toBeNull();
  }
});
