import { defineConfig } from "vitest/config";

// `unit` needs nothing but Node and a POSIX shell. `lab` needs a real engine, registry and hosts (ci/lab):
// one file at a time, because two deploys that are timed against each other on one machine prove nothing.
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: "unit",
          include: ["test/**/*.test.ts"],
          exclude: ["test/e2e/**", "test/pipeline/engine/**"],
          setupFiles: ["test/support/seed.ts"],
          testTimeout: 30_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: "lab",
          include: ["test/e2e/**/*.test.ts", "test/pipeline/engine/**/*.test.ts"],
          fileParallelism: false,
          testTimeout: 300_000,
          hookTimeout: 900_000,
        },
      },
    ],
  },
});
