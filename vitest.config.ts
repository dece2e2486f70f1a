import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    // Most of a test's time is waiting for processes of the stack, not computing.
    maxWorkers: 2,
    projects: [
      {
        test: {
          name: "unit",
          include: [
            "{shared,control-plane,connector,sandbox,local,supabase,client,cli}/**/*.test.ts",
          ],
          testTimeout: 20_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: "stack",
          include: ["tests/*.test.ts"],
          globalSetup: ["tests/support/shared-stack.ts"],
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: "processes",
          include: ["tests/*/**/*.test.ts"],
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
});
