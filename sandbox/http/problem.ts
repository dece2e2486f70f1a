import { HTTPException } from "hono/http-exception";
import type { Logger } from "pino";
import { SandboxError } from "../sandbox-error.ts";

/** Any error as `application/problem+json`; an unexpected one is logged, not shown. */
export function problem(error: Error, log: Logger): Response {
  if (error instanceof SandboxError) {
    const { code, status, message } = error;
    return answer({ code, status, detail: message });
  }
  if (error instanceof HTTPException) {
    return answer({ code: "invalid_request", status: error.status, detail: error.message });
  }
  log.error({ err: error }, "request failed");
  return answer({
    code: "internal_error",
    status: 500,
    detail: "The sandbox failed. Its log says why.",
  });
}

interface Problem {
  code: string;
  status: number;
  detail: string;
}

function answer({ code, status, detail }: Problem): Response {
  const title = code.replaceAll("_", " ");
  const body = { type: "about:blank", title, status, code, detail };
  return new Response(JSON.stringify(body), {
    status,
    headers: { "content-type": "application/problem+json" },
  });
}
