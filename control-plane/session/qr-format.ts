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

/** The format chosen by `?format=`, otherwise by the Accept header's q values. */
export function qrFormat(requested: {
  format?: QrFormat | undefined;
  accept?: string | undefined;
}) {
  if (requested.format !== undefined) return requested.format;
  if (requested.accept === undefined || requested.accept.trim() === "") return "json";
  const accepted = requested.accept
    .split(",")
    .map((part) => {
      const [type = "", ...parameters] = part.split(";").map((text) => text.trim().toLowerCase());
      const q = parameters.find((parameter) => parameter.startsWith("q="))?.slice(2);
      return { type, q: q === undefined ? 1 : Number(q) };
    })
    .filter(({ q }) => q > 0)
    .toSorted((a, b) => b.q - a.q);
  for (const { type } of accepted) {
    const format = formatsByMediaType[type];
    if (format !== undefined) return format;
  }
  throw new ApiError(
    "not_acceptable",
    "A QR code is available as application/json, image/png, image/svg+xml and text/plain. Accept one of these.",
  );
}
