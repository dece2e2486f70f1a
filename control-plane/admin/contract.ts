import { problems } from "../http/problem.ts";

/** What all routes of the operator have in common. */
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
