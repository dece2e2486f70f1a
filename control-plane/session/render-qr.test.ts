import { decode } from "fast-png";
import { decodeQR } from "qr/decode.js";
import { expect, test } from "vitest";
import { qrDataUrl, qrPng, qrSvg } from "./render-qr.ts";

const text = `https://wa.me/settings/linked_devices#${"2@Zm9vYmFy,".repeat(20)}1`;
const marginPx = 18;

/** The pixels of a PNG of one bit per pixel, as a scanner sees them. */
function readPng(png: Uint8Array) {
  const { width, height, depth, channels, data } = decode(png);
  expect({ depth, channels }).toEqual({ depth: 1, channels: 1 });
  const isWhite = (x: number, y: number) =>
    ((data[y * Math.ceil(width / 8) + (x >> 3)] ?? 0) & (0x80 >> (x & 7))) !== 0;
  const rgb = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      rgb.fill(isWhite(x, y) ? 255 : 0, (y * width + x) * 3, (y * width + x + 1) * 3);
    }
  }
  return { width, height, rgb, isWhite };
}

test("a scanner reads the text from the PNG, which has a white margin", () => {
  const { width, height, rgb, isWhite } = readPng(qrPng(text));
  expect(decodeQR({ width, height, data: rgb })).toBe(text);
  expect(width).toBe(height);
  for (let at = 0; at < width; at += 1) {
    for (const edge of [0, marginPx - 1, width - marginPx, width - 1]) {
      expect(isWhite(at, edge) && isWhite(edge, at)).toBe(true);
    }
  }
  expect(isWhite(marginPx, marginPx)).toBe(false);
});

test("it is also available as a data URL and as SVG with a white background", () => {
  expect(qrDataUrl(text)).toMatch(/^data:image\/png;base64,iVBORw0KGgo/);
  expect(qrSvg(text)).toMatch(/^<svg .*<rect .*fill="#fff".*<svg .*<path .*<\/svg>$/);
});
