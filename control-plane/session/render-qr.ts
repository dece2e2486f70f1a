import { encode } from "fast-png";
import { encodeQR } from "qr";

/** Level `low`, as WhatsApp uses: the text is long, and a screen shows the code undamaged. */
const options = { ecc: "low", border: 3 } as const;
/** Large enough to scan from a screen at arm's length. */
const pixelsPerModule = 6;
const svgWidthPx = 360;

export function qrPng(text: string): Uint8Array<ArrayBuffer> {
  const rows = encodeQR(text, "raw", { ...options, scale: pixelsPerModule });
  const side = rows.length;
  // One bit per pixel, 1 is white; each row is padded to whole bytes.
  const bytesPerRow = Math.ceil(side / 8);
  const data = new Uint8Array(bytesPerRow * side);
  for (const [y, row] of rows.entries()) {
    for (const [x, isBlack] of row.entries()) {
      const index = y * bytesPerRow + (x >> 3);
      if (!isBlack) data[index] = (data[index] ?? 0) | (0x80 >> (x & 7));
    }
  }
  return new Uint8Array(encode({ width: side, height: side, data, channels: 1, depth: 1 }));
}

/** The library's SVG has no background; a QR code on a dark page needs a white one. */
export function qrSvg(text: string): string {
  const code = encodeQR(text, "svg", options);
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${svgWidthPx}" height="${svgWidthPx}"><rect width="100%" height="100%" fill="#fff"/>${code}</svg>`;
}

export function qrDataUrl(text: string): string {
  return `data:image/png;base64,${btoa(String.fromCharCode(...qrPng(text)))}`;
}
