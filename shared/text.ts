import { z } from "zod";

/**
 * A string that PostgreSQL stores exactly as it was sent: no NUL, no lone surrogate. Both are
 * refused here because `text` and `jsonb` refuse the first and change the second.
 */
export function storableText(limits: { min?: number; max: number }) {
  return z
    .string()
    .min(limits.min ?? 0)
    .max(limits.max)
    .refine((text) => text.isWellFormed() && !text.includes("\0"), {
      message: "Must be well-formed text without NUL characters",
    });
}
