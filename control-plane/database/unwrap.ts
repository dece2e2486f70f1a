import { ApiError } from "../../shared/errors.ts";

/** What a supabase-js query resolves to. */
export type DatabaseAnswer<T> =
  | { data: T; error: null; status: number }
  | { data: unknown; error: DatabaseError; status: number };

interface DatabaseError {
  code: string;
  message: string;
}

export const uniqueViolation = "23505";
export const foreignKeyViolation = "23503";

/**
 * The data of a query, or of its answer where the caller has looked at the error code first.
 * @throws ApiError database_unavailable when the database did not answer
 */
export async function unwrap<T>(
  request: PromiseLike<DatabaseAnswer<T>> | DatabaseAnswer<T>,
): Promise<T> {
  const answer = await request;
  if (answer.error === null) return answer.data;
  throw toError(answer);
}

/** The first row of a query that returns one row or none. */
export async function unwrapFirst<T>(
  request: PromiseLike<DatabaseAnswer<T[]>> | DatabaseAnswer<T[]>,
): Promise<T | undefined> {
  const [first] = await unwrap(request);
  return first;
}

function toError({ error, status }: { error: DatabaseError; status: number }): Error {
  const cause = new Error(`${error.code || status} ${error.message}`);
  if (status === 0 || status >= 500) {
    return new ApiError(
      "database_unavailable",
      "The database did not answer. Try again in a few seconds.",
      { retryAfterSeconds: 2, cause },
    );
  }
  return new Error("A database query failed", { cause });
}
