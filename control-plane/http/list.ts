import { z } from "@hono/zod-openapi";
import { invalidField } from "./validation.ts";

const defaultLimit = 50;
const maxLimit = 100;

/** The query parameters of every list. */
export const pageQuery = {
  limit: z.coerce.number().int().min(1).max(maxLimit).default(defaultLimit),
  cursor: z
    .string()
    .max(200)
    .optional()
    .openapi({ description: "The next_cursor of the previous page" }),
  offset: z.coerce.number().int().min(0).max(1_000_000).default(0).openapi({
    description: "Rows to skip. Large offsets are slow; follow next_cursor instead.",
  }),
};

export function listOf<Item extends z.ZodType>(item: Item) {
  return z.object({ data: z.array(item), next_cursor: z.string().nullable() });
}

/** Builds a page from rows that were read with one more than the limit. */
export function toPage<Row>(rows: Row[], page: { limit: number; idOf: (row: Row) => string }) {
  const data = rows.slice(0, page.limit);
  const last = data.at(-1);
  const more = rows.length > page.limit && last !== undefined;
  return { data, next_cursor: more ? encodeCursor(page.idOf(last)) : null };
}

/** Encodes the sort key of the last row. Opaque to callers. */
export function encodeCursor(id: string): string {
  return btoa(id).replaceAll("=", "");
}

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** @throws ApiError when the cursor does not hold an id of this form */
export function decodeCursor(cursor: string, form: RegExp = uuid): string {
  try {
    const id = atob(cursor);
    if (form.test(id)) return id;
  } catch {
    // Not base64, hence not a cursor: rejected below.
  }
  throw invalidField("cursor", "Must be the next_cursor of the previous page, unchanged");
}
