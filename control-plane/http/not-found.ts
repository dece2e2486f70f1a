import type { Context } from "hono";
import { ApiError } from "../../shared/errors.ts";
import type { App, AppEnv } from "./app-env.ts";
import { problemResponse } from "./problem.ts";

/** 404 for a path that nothing serves, 405 with Allow for one that is served otherwise. */
export function answerUnknownRoute(app: App) {
  const served = app.routes
    .filter((route) => route.method !== "ALL")
    .map((route) => ({ method: route.method, pattern: patternOf(route.path) }));

  return (c: Context<AppEnv>): Response => {
    const methods = new Set(
      served.filter((route) => route.pattern.test(c.req.path)).map((route) => route.method),
    );
    if (methods.size === 0) {
      return problemResponse(
        new ApiError("not_found", "Nothing is served here. See /openapi.json."),
        c.get("requestId"),
      );
    }
    const allow = [...methods].toSorted().join(", ");
    const response = problemResponse(
      new ApiError("method_not_allowed", `This path takes ${allow}.`),
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
