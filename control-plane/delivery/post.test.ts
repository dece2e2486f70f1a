import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { post } from "./post.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

function postWith(fetch: typeof globalThis.fetch, url = "https://example.com/hook") {
  return post(
    { url, secrets: ["s"], attempt: 1, event: { id: "evt_1", type: "message.sent", body: "{}" } },
    { fetch, now: () => Date.now(), allowPrivateUrls: false },
  );
}

test("a private URL is not called, also when plain SQL stored it", async () => {
  const fetch = vi.fn<typeof globalThis.fetch>();
  expect(await postWith(fetch, "http://127.0.0.1/")).toMatchObject({
    statusCode: null,
    error: "The URL leads to a private or loopback address",
  });
  expect(fetch).not.toHaveBeenCalled();
});

test("a request that gets no response is aborted after 10 seconds", async () => {
  const called = Promise.withResolvers<void>();
  const answer = postWith((_, init) => {
    called.resolve();
    return new Promise((_resolve, reject) => {
      init?.signal?.addEventListener("abort", () => reject(new Error("aborted")));
    });
  });
  await called.promise; // The signature is made outside of the fake time.
  await vi.advanceTimersByTimeAsync(10_000);
  expect(await answer).toEqual({
    statusCode: null,
    error: "The endpoint did not respond within 10 s",
    response: null,
    durationMs: 10_000,
  });
});

test("a connection that fails is a failure without a status", async () => {
  expect(await postWith(() => Promise.reject(new Error("refused")))).toMatchObject({
    statusCode: null,
    error: "The connection failed",
  });
});

test("of a long body the first 200 characters are kept, in a form that Postgres stores", async () => {
  const body = `${"a".repeat(198)}\0👍${"b".repeat(100_000)}`;
  const { response } = await postWith(() => Promise.resolve(new Response(body)));
  expect(response).toBe(`${"a".repeat(198)}\ufffd\ufffd`);
});

test("a body that never ends is cut after a second, and the status decides", async () => {
  let isCancelled = false;
  const body = new ReadableStream<Uint8Array>({
    start: (controller) => controller.enqueue(new TextEncoder().encode("drip")),
    cancel: () => {
      isCancelled = true;
    },
  });
  const called = Promise.withResolvers<void>();
  const answer = postWith(() => {
    called.resolve();
    return Promise.resolve(new Response(body, { status: 202 }));
  });
  await called.promise;
  await vi.advanceTimersByTimeAsync(1_000);
  expect(await answer).toMatchObject({ statusCode: 202, error: null, response: "drip" });
  expect(isCancelled).toBe(true);
});
