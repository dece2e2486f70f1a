import { expect, test } from "vitest";
import { withFinalNewline } from "./final-newline.ts";

const json = (type = "application/json") =>
  new Response('{"a":1}', { status: 201, headers: { "content-type": type, "x-a": "b" } });

test.each(["application/json", "application/problem+json; charset=utf-8"])(
  "curl gets %s with a newline at the end",
  async (type) => {
    const response = await withFinalNewline(json(type), "curl/8.5.0");
    expect(await response.text()).toBe('{"a":1}\n');
    expect(response).toMatchObject({ status: 201 });
    expect(response.headers.get("x-a")).toBe("b");
  },
);

test("other clients, other types and empty responses stay as they are", async () => {
  const plain = json();
  expect(await withFinalNewline(plain, "node")).toBe(plain);
  expect(await withFinalNewline(plain, undefined)).toBe(plain);
  const text = json("text/event-stream");
  expect(await withFinalNewline(text, "curl/8.5.0")).toBe(text);
  const empty = new Response(null, { status: 204 });
  expect(await withFinalNewline(empty, "curl/8.5.0")).toBe(empty);
});
