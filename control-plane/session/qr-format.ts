import { ApiError } from "../../shared/errors.ts";

export const qrFormats = ["json", "png", "svg", "raw"] as const;
export type QrFormat = (typeof qrFormats)[number];

const formatsByMediaType: Record<string, QrFormat> = {
  "application/json": "json",
  "application/*": "json",
  "*/*": "json",
  "image/png": "png",
  "image/*": "png",
  "image/svg+xml": "svg",
  "text/plain": "raw",
  "text/*": "raw",
};

/** The format that `?format=` or else the Accept header asks for, the best liked one first. */
export function qrFormat(asked: { format?: QrFormat | undefined; accept?: string | undefined }) {
  if (asked.format !== undefined) return asked.format;
  if (asked.accept === undefined || asked.accept.trim() === "") return "json";
  const liked = asked.accept
    .split(",")
    .map((part) => {
      const [type = "", ...parameters] = part.split(";").map((text) => text.trim().toLowerCase());
      const q = parameters.find((parameter) => parameter.startsWith("q="))?.slice(2);
      return { type, q: q === undefined ? 1 : Number(q) };
    })
    .filter(({ q }) => q > 0)
    .toSorted((a, b) => b.q - a.q);
  for (const { type } of liked) {
    const format = formatsByMediaType[type];
    if (format !== undefined) return format;
  }
  throw new ApiError(
    "not_acceptable",
    "A QR comes as application/json, image/png, image/svg+xml or text/plain.",
  );
}
