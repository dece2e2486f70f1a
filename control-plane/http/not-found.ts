import type { Context } from "hono";
import { ApiError } from "../../shared/errors.ts";
import type { App, AppEnv } from "./app-env.ts";
import { problemResponse } from "./problem.ts";

/** Responds 404 to unknown paths, and 405 with Allow to known paths with another method. */
export function handleNotFound(app: App) {
  const served = app.routes
    .filter((route) => route.method !== "ALL")
    .map((route) => ({ method: route.method, pattern: patternOf(route.path) }));

  return (c: Context<AppEnv>): Response => {
    const methods = new Set(
      served.filter((route) => route.pattern.test(c.req.path)).map((route) => route.method),
    );
    if (methods.size === 0) {
      return problemResponse(
        new ApiError("not_found", "There is no such path. GET /openapi.json lists all paths."),
        c.get("requestId"),
      );
    }
    const allow = [...methods].toSorted().join(", ");
    const response = problemResponse(
      new ApiError("method_not_allowed", `This path supports ${allow}.`),
      c.get("requestId"),
    );
    response.headers.set("allow", allow);
    return response;
  };
}

function patternOf(path: string): RegExp {
  const escaped = path.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
  return new RegExp(`^${escaped.replaceAll(/:[A-Za-z]+/g, "[^/]+")}$`);
}
