/** An answer other than 2xx, with the API's own explanation. */
export class ApiProblem extends Error {
  readonly status: number;
  readonly code: string;

  constructor(status: number, problem: { code: string; detail: string }) {
    super(problem.detail);
    this.status = status;
    this.code = problem.code;
  }
}

let csrfToken = "";

export function setCsrfToken(token: string): void {
  csrfToken = token;
}

/** One request to the API as whoever is signed in. Returns undefined for an answer without a body. */
export async function request<Body>(method: string, path: string, body?: unknown): Promise<Body> {
  const response = await fetch(path, {
    method,
    headers: {
      accept: "application/json",
      "x-csrf-token": csrfToken,
      ...(body === undefined ? {} : { "content-type": "application/json" }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const answer = await response.text();
  if (!response.ok) throw new ApiProblem(response.status, readProblem(answer, response.status));
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the caller names what it asks for
  return (answer === "" ? undefined : JSON.parse(answer)) as Body;
}

function readProblem(answer: string, status: number): { code: string; detail: string } {
  try {
    const problem: unknown = JSON.parse(answer);
    if (isProblem(problem)) return problem;
  } catch {
    // Not JSON: no answer of the API itself.
  }
  return { code: "unknown", detail: `The server answered with status ${status}.` };
}

function isProblem(answer: unknown): answer is { code: string; detail: string } {
  return answer instanceof Object && "code" in answer && "detail" in answer;
}
