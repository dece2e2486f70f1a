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
])("Accept: %s is answered with %s", (accept, format) => {
  expect(qrFormat({ accept })).toBe(format);
});

test("?format= wins over Accept", () => {
  expect(qrFormat({ accept: "image/png", format: "raw" })).toBe("raw");
});

test("what a QR cannot be is refused", () => {
  expect(() => qrFormat({ accept: "video/mp4" })).toThrow("image/png");
});
