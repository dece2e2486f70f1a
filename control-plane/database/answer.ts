import { ApiError } from "../../shared/errors.ts";

/** What a supabase-js query resolves to. */
export type Answer<T> =
  | { data: T; error: null; status: number }
  | { data: unknown; error: DatabaseError; status: number };

interface DatabaseError {
  code: string;
  message: string;
}

export const uniqueViolation = "23505";
export const foreignKeyViolation = "23503";

/** The data of an answer. @throws ApiError when the database could not be asked. */
export function dataOf<T>(answer: Answer<T>): T {
  if (answer.error === null) return answer.data;
  throw failureOf(answer);
}

/** The one row of an answer, if there is one. */
export function rowOf<T>(answer: Answer<T[]>): T | undefined {
  return dataOf(answer)[0];
}

export function failureOf(answer: { error: DatabaseError; status: number }): Error {
  const cause = new Error(`${answer.error.code || answer.status} ${answer.error.message}`);
  if (answer.status === 0 || answer.status >= 500) {
    return new ApiError("database_unavailable", "Try again in a few seconds.", {
      retryAfterSeconds: 2,
      cause,
    });
  }
  return new Error("A database call failed", { cause });
}
