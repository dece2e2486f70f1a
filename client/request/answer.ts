import { ApiError, type FieldError } from "../errors.ts";
import { parseRetryAfter } from "./retry.ts";

const maxShownLength = 200;

/** The error of a response that is not a result. Reads its body. */
export async function toApiError(response: Response, nowMs: number): Promise<ApiError> {
  const { status, headers } = response;
  if (response.type === "opaqueredirect" || (status >= 300 && status < 400)) {
    await response.body?.cancel();
    return redirectError(response);
  }
  const text = await response.text();
  const problem = parseProblem(text);
  return new ApiError(
    problem?.detail ??
      `The answer ${status} is not one of the API: ${text.slice(0, maxShownLength)}. Check baseUrl and what is in front of the API.`,
    {
      status,
      code: problem?.code ?? "unexpected_response",
      requestId: problem?.request_id ?? headers.get("x-request-id") ?? undefined,
      errors: problem?.errors ?? [],
      retryAfterSeconds: parseRetryAfter(headers.get("retry-after"), nowMs),
    },
  );
}

/** A redirect is not followed, since the key would go with it. */
function redirectError({ status, headers }: Response): ApiError {
  const location = headers.get("location");
  const to = location === null ? "" : ` to ${location}`;
  return new ApiError(`The URL redirects${to}. Set baseUrl to the final URL.`, {
    status,
    code: "unexpected_response",
  });
}

/** The JSON of a successful response. @throws ApiError when it is none */
export async function readJson<Result>(response: Response): Promise<Result> {
  const text = await response.text();
  try {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    return JSON.parse(text) as Result; // The API keeps to its OpenAPI document.
  } catch (cause) {
    throw new ApiError(
      `The answer is not JSON: ${text.slice(0, maxShownLength)}. Check that baseUrl is the API's.`,
      { status: response.status, code: "unexpected_response", cause },
    );
  }
}

interface Problem {
  code: string;
  detail: string;
  request_id?: string;
  errors?: FieldError[];
}

function parseProblem(text: string): Problem | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isProblem(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isProblem(value: unknown): value is Problem {
  if (typeof value !== "object" || value === null) return false;
  return (
    "code" in value &&
    typeof value.code === "string" &&
    "detail" in value &&
    typeof value.detail === "string"
  );
}
