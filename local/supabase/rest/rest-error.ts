import type { DatabaseError } from "pg";
import { HttpError } from "../http/http-error.ts";

/** Creates an error with the body that PostgREST sends. */
export function restError(
  status: number,
  error: { code: string; message: string; details?: string | null; hint?: string | null },
): HttpError {
  const { code, message, details = null, hint = null } = error;
  return new HttpError(status, { code, details, hint, message });
}

/** Translates an error of PostgreSQL as PostgREST does; `role` decides between 401 and 403. */
export function fromDatabaseError(error: DatabaseError, role: string): HttpError {
  const code = error.code ?? "XX000";
  const body = {
    code: code.startsWith("PG") ? `PGRST${code.slice(2)}` : code,
    details: error.detail ?? null,
    hint: error.hint ?? null,
    message: error.message,
  };
  return new HttpError(statusOf(code, role), body, { cause: error });
}

const exact: Readonly<Record<string, number>> = {
  "23503": 409,
  "23505": 409,
  "25006": 405,
  "42883": 404,
  "42P01": 404,
  "42P17": 500,
  "53400": 500,
  "57P01": 503,
  P0001: 400,
  // Raised by prelude/rest.sql: not exactly one row, and too many rows.
  PG116: 406,
  PG124: 400,
};

const byClass: Readonly<Record<string, number>> = {
  "08": 503,
  "09": 500,
  "0L": 403,
  "0P": 403,
  "25": 500,
  "28": 403,
  "2D": 500,
  "38": 500,
  "39": 500,
  "3B": 500,
  "40": 500,
  "53": 503,
  "54": 500,
  "55": 500,
  "57": 500,
  "58": 500,
  F0: 500,
  HV: 500,
  P0: 500,
  XX: 500,
};

function statusOf(code: string, role: string): number {
  const custom = /^PT([1-5]\d\d)$/.exec(code)?.[1];
  if (custom) return Number(custom);
  if (code === "42501") return role === "anon" ? 401 : 403;
  return exact[code] ?? byClass[code.slice(0, 2)] ?? 400;
}
