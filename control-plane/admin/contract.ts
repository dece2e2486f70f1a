export { bodyProblems } from "../http/problem.ts";

/** The settings that all admin routes share. */
export const adminRoute = {
  tags: ["Admin"],
  security: [{ adminKey: [] }],
};
