import { problems } from "../http/problem.ts";

/** The settings that all admin routes share. */
export const adminRoute = {
  tags: ["Admin"],
  security: [{ adminKey: [] }],
};

export const bodyProblems = problems(
  "invalid_json",
  "unauthorized",
  "payload_too_large",
  "unsupported_media_type",
  "invalid_request",
  "database_unavailable",
);
