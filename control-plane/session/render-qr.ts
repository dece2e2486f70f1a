import { create } from "qrcode/lib/core/qrcode.js";
import { render } from "qrcode/lib/renderer/svg-tag.js";
import { encodePng } from "./encode-png.ts";

const marginModules = 3;
/** Large enough to scan from a screen at arm's length. */
const pixelsPerModule = 6;
const svgWidthPx = 360;
/** WhatsApp's own: the text is long, and a screen is read without damage. */
const options = { errorCorrectionLevel: "L" } as const;

export async function qrPng(text: string): Promise<Uint8Array<ArrayBuffer>> {
  const { modules } = create(text, options);
  return encodePng((modules.size + 2 * marginModules) * pixelsPerModule, (x, y) => {
    const column = Math.floor(x / pixelsPerModule) - marginModules;
    const row = Math.floor(y / pixelsPerModule) - marginModules;
    const isInside = Math.min(row, column) >= 0 && Math.max(row, column) < modules.size;
    return isInside && modules.get(row, column) === 1;
  });
}

export function qrSvg(text: string): string {
  return render(create(text, options), { width: svgWidthPx, margin: marginModules });
}

export async function qrDataUrl(text: string): Promise<string> {
  let binary = "";
  for (const byte of await qrPng(text)) binary += String.fromCharCode(byte);
  return `data:image/png;base64,${btoa(binary)}`;
}
