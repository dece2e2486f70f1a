// The package's entry draws PNGs with a canvas or with Node's streams and has the types of both;
// a Worker needs neither. These two files of it are plain computation.
declare module "qrcode/lib/core/qrcode.js" {
  export interface QrCode {
    modules: { size: number; get(row: number, column: number): number };
  }
  export function create(text: string, options: { errorCorrectionLevel: "L" | "M" }): QrCode;
}

declare module "qrcode/lib/renderer/svg-tag.js" {
  import type { QrCode } from "qrcode/lib/core/qrcode.js";
  export function render(code: QrCode, options: { width: number; margin: number }): string;
}
