import { create } from "qrcode/lib/core/qrcode.js";
import { expect, test } from "vitest";
import { qrDataUrl, qrPng, qrSvg } from "./render-qr.ts";

const text = `https://wa.me/settings/linked_devices#${"2@Zm9vYmFy,".repeat(20)}1`;
const pixelsPerModule = 6;
const margin = 3;
const headerLength = 33;
const chunkFrame = 12;
const endLength = 12;

test("the PNG shows every module of the QR, black on white, with a margin", async () => {
  const { modules } = create(text, { errorCorrectionLevel: "L" });
  const png = await qrPng(text);
  const side = (modules.size + 2 * margin) * pixelsPerModule;
  expect(new DataView(png.buffer).getUint32(16)).toBe(side);

  const compressed = png.slice(headerLength + 8, -endLength - (chunkFrame - 8));
  const stream = new Blob([compressed]).stream().pipeThrough(new DecompressionStream("deflate"));
  const rows = new Uint8Array(await new Response(stream).arrayBuffer());
  const isBlack = (row: number, column: number) => {
    const [x, y] = [column, row].map((at) => (at + margin) * pixelsPerModule + 2);
    if (x === undefined || y === undefined) throw new Error("No such place");
    const byte = rows[y * (1 + Math.ceil(side / 8)) + 1 + (x >> 3)] ?? 0;
    return (byte & (0x80 >> (x & 7))) === 0;
  };
  for (let row = -margin; row < modules.size + margin; row += 1) {
    for (let column = -margin; column < modules.size + margin; column += 1) {
      const isInside = [row, column].every((place) => place >= 0 && place < modules.size);
      expect(isBlack(row, column)).toBe(isInside && modules.get(row, column) === 1);
    }
  }
});

test("it comes as a data URL and as SVG too", async () => {
  await expect(qrDataUrl(text)).resolves.toMatch(/^data:image\/png;base64,iVBORw0KGgo/);
  expect(qrSvg(text)).toMatch(/^<svg .*<path .*<\/svg>/);
});
