import { createRoute, type RouteConfig, z } from "@hono/zod-openapi";
import type { App } from "./app-env.ts";

/**
 * Makes every route that is registered from now on refuse query parameters and body fields that its
 * contract does not name: a misspelt one would otherwise be dropped, and do something else than meant.
 */
export function refuseUnknown(app: App): void {
  const register = app.openapi;
  const registerStrict = (route: RouteConfig, ...handlers: unknown[]) =>
    Reflect.apply(register, app, [createRoute(strict(route)), ...handlers]);
  Object.assign(app, { openapi: registerStrict });
}

function strict(route: RouteConfig): RouteConfig {
  const { query, body, ...request } = route.request ?? {};
  return {
    ...route,
    request: {
      ...request,
      query: query instanceof z.ZodObject ? strictly(query) : (query ?? z.strictObject({})),
      ...(body === undefined ? {} : { body: strictBody(body) }),
    },
  };
}

type Body = NonNullable<NonNullable<RouteConfig["request"]>["body"]>;

/** Every form of a union is strict by itself. */
function strictBody(body: Body): Body {
  const json = body.content["application/json"];
  if (json === undefined || !("schema" in json) || !(json.schema instanceof z.ZodObject)) {
    return body;
  }
  const strictJson = { ...json, schema: strictly(json.schema) };
  return { ...body, content: { ...body.content, "application/json": strictJson } };
}

function strictly(schema: z.ZodObject): z.ZodObject {
  return schema.def.catchall === undefined ? schema.strict() : schema;
}
