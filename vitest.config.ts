import { defineConfig } from "vitest/config";

const onTheLab = ["test/e2e/**/*.test.ts", "test/pipeline/engine/**/*.test.ts"];

/** Tests that measure times, and one that looks through the whole machine: nothing runs beside them. */
const alone = [
  "test/ci/traffic/**",
  "test/e2e/{after-the-switch,docker-stands-still,outages,secrets}.test.ts",
];

// `unit` needs nothing but Node and a POSIX shell. `lab` needs a real engine, registry and hosts (ci/lab): each
// file makes a host of its own, and mostly waits for it.
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: "unit",
          include: ["test/**/*.test.ts"],
          exclude: [...onTheLab, ...alone],
          setupFiles: ["test/support/seed.ts"],
          testTimeout: 30_000,
          hookTimeout: 60_000,
          maxWorkers: 3,
        },
      },
      {
        test: {
          name: "lab",
          include: onTheLab,
          exclude: alone,
          testTimeout: 300_000,
          hookTimeout: 900_000,
          maxWorkers: 2,
        },
      },
      {
        test: {
          name: "alone",
          include: alone,
          fileParallelism: false,
          testTimeout: 300_000,
          hookTimeout: 900_000,
        },
      },
    ],
  },
});
