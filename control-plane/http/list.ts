import { z } from "@hono/zod-openapi";
import { invalidField } from "./validation.ts";

const defaultLimit = 50;
const maxLimit = 100;

/** What every list takes. A cursor is what the last page gave as next_cursor. */
export const pageQuery = {
  limit: z.coerce.number().int().min(1).max(maxLimit).default(defaultLimit),
  cursor: z.string().max(200).optional(),
  offset: z.coerce.number().int().min(0).max(1_000_000).default(0).openapi({
    description: "Rows to skip. Slow far down a long list: follow next_cursor instead.",
  }),
};

export function listOf<Item extends z.ZodType>(item: Item) {
  return z.object({ data: z.array(item), next_cursor: z.string().nullable() });
}

/** Cuts a page that was read with one row more than asked for. */
export function toPage<Row>(rows: Row[], page: { limit: number; idOf: (row: Row) => string }) {
  const data = rows.slice(0, page.limit);
  const last = data.at(-1);
  const more = rows.length > page.limit && last !== undefined;
  return { data, next_cursor: more ? encodeCursor(page.idOf(last)) : null };
}

/** Opaque to callers: what the last row they saw is sorted by. */
export function encodeCursor(id: string): string {
  return btoa(id).replaceAll("=", "");
}

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** @throws ApiError when it is not the cursor of a list with ids of this form */
export function decodeCursor(cursor: string, form: RegExp = uuid): string {
  try {
    const id = atob(cursor);
    if (form.test(id)) return id;
  } catch {
    // Not base64: answered below like any other text that is no cursor.
  }
  throw invalidField("cursor", "Give the next_cursor of the page before, unchanged.");
}
