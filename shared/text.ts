import { z } from "zod";

/**
 * A string that PostgreSQL stores unchanged: without NUL, which `text` and `jsonb` reject, and
 * without lone surrogates, which they alter.
 */
export function storableText(limits: { min?: number; max: number }) {
  return z
    .string()
    .min(limits.min ?? 0)
    .max(limits.max)
    .refine((text) => text.isWellFormed() && !text.includes("\0"), {
      message: "Must be well-formed Unicode without NUL characters",
    });
}
