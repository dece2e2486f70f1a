import { expect, test } from "vitest";
import { rangeOf } from "./range.ts";

const now = Date.parse("2026-03-05T10:20:30Z");

test("without parameters the range is the last 24 hours, with the current one", () => {
  expect(rangeOf({}, now)).toEqual({
    since: "2026-03-04T10:00:00.000Z",
    until: "2026-03-05T11:00:00.000Z",
    interval: "hour",
  });
});

test("a range is widened to whole hours, or to whole days when it is long", () => {
  const since = "2026-03-01T01:30:00+02:00";
  expect(rangeOf({ since }, now)).toEqual({
    since: "2026-02-28T00:00:00.000Z",
    until: "2026-03-06T00:00:00.000Z",
    interval: "day",
  });
  expect(rangeOf({ since, interval: "hour" }, now)).toMatchObject({
    since: "2026-02-28T23:00:00.000Z",
    until: "2026-03-05T11:00:00.000Z",
  });
  expect(rangeOf({ since: "2026-03-05T10:00:00Z", until: "2026-03-05T11:00:00Z" }, now)).toEqual({
    since: "2026-03-05T10:00:00.000Z",
    until: "2026-03-05T11:00:00.000Z",
    interval: "hour",
  });
});

test.each([
  { since: "2026-03-05T10:20:31Z" },
  { since: "2026-03-05T10:00:00Z", until: "2026-03-05T10:00:00Z" },
  { since: "2026-02-01T00:00:00Z", interval: "hour" as const },
  { since: "2024-03-05T10:20:31Z" },
])("%j is refused", (query) => {
  expect(() => rangeOf(query, now)).toThrow(
    expect.objectContaining({ errors: [expect.objectContaining({ field: "since" })] }),
  );
});
