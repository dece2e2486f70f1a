import { createRoute, z } from "@hono/zod-openapi";
import type { MiddlewareHandler } from "hono";
import { every } from "hono/combine";
import { ApiError } from "../../shared/errors.ts";
import { storedFileName } from "../../shared/media.ts";
import { sessionIdSchema } from "../../shared/session.ts";
import { requireKey } from "../auth/require-key.ts";
import { requireScope } from "../auth/require-scope.ts";
import type { App, AppEnv } from "../http/app-env.ts";
import { problems } from "../http/problem.ts";
import { limitRequests } from "../limit/limit-requests.ts";
import type { Services } from "../services.ts";
import { fileNotFound } from "../file/file-store.ts";
import { responseHeaders } from "../file/response-headers.ts";

const route = createRoute({
  method: "get",
  path: "/files/{sessionId}/{fileName}",
  tags: ["Files"],
  summary: "Get the file of a message",
  description:
    "With an API key, or with the query of the link in `media.url`, which needs no key until it expires. Supports Range and If-None-Match.",
  request: {
    params: z.object({ sessionId: z.string(), fileName: z.string() }),
    query: z.object({
      tenant: z.string().optional(),
      expires: z.string().optional(),
      name: z.string().optional(),
      signature: z.string().optional(),
    }),
  },
  responses: {
    200: { description: "The file" },
    206: { description: "A range of the file" },
    304: { description: "The file did not change" },
    416: { description: "The file has no such range" },
    ...problems(
      "unauthorized",
      "rate_limited",
      "not_found",
      "storage_unavailable",
      "database_unavailable",
    ),
  },
});

/** Lets a signed link pass without an API key; its tenant is then the caller. */
export function requireKeyOrLink(services: Services): MiddlewareHandler<AppEnv> {
  const keyRequired = every(requireKey(services), limitRequests(services), requireScope);
  return async (c, next) => {
    if (c.req.query("signature") === undefined) return keyRequired(c, next);
    await next();
  };
}

export function getFile(app: App, { files, fileLinks }: Services): void {
  app.openapi(route, async (c) => {
    const { sessionId, fileName } = c.req.valid("param");
    // Only names of our own making: nothing in a path can lead elsewhere.
    if (!sessionIdSchema.safeParse(sessionId).success || !storedFileName.test(fileName)) {
      throw fileNotFound();
    }
    const query = c.req.valid("query");
    const isLink = query.signature !== undefined;
    if (isLink && !(await fileLinks.allows({ sessionId, fileName }, query))) {
      throw new ApiError(
        "unauthorized",
        "This link is not valid or has expired. Read the message again for a new one, or send your API key.",
      );
    }
    if (isLink) c.set("linkTenantId", query.tenant ?? "");
    const stored = await files.open({
      tenantId: isLink ? c.get("linkTenantId") : c.get("caller").tenantId,
      sessionId,
      fileName,
      method: c.req.method === "HEAD" ? "HEAD" : "GET",
      headers: c.req.raw.headers,
    });
    const saveAs = query.name ?? fileName;
    return new Response(stored.body, {
      status: stored.status,
      headers: responseHeaders(stored.headers, { saveAs }),
    });
  });
}
