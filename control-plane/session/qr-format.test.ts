import { expect, test } from "vitest";
import { qrFormat } from "./qr-format.ts";

test.each([
  [undefined, "json"],
  ["", "json"],
  ["*/*", "json"],
  ["image/png", "png"],
  ["image/svg+xml, image/png;q=0.5", "svg"],
  ["text/html, image/*;q=0.8, */*;q=0.1", "png"],
  ["text/plain", "raw"],
])("Accept: %s selects %s", (accept, format) => {
  expect(qrFormat({ accept })).toBe(format);
});

test("?format= takes precedence over Accept", () => {
  expect(qrFormat({ accept: "image/png", format: "raw" })).toBe("raw");
});

test("an unavailable media type is rejected", () => {
  expect(() => qrFormat({ accept: "video/mp4" })).toThrow("image/png");
});
