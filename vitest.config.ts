import { defineConfig } from "vitest/config";

/** Tests of processes and of markets with short leases: with three of them on two cores leases run out by themselves. */
const BESIDE_EACH_OTHER = 2;

/** One project per kind of test; `--project unit` runs just the fast ones. */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: "unit",
          include: ["test/unit/**/*.test.ts", "test/unit/**/*.test.tsx"],
          testTimeout: 20_000,
          maxWorkers: BESIDE_EACH_OTHER,
          // One load of the modules for all files of a worker: a third of the time.
          isolate: false,
        },
      },
      {
        test: {
          name: "integration",
          include: ["test/integration/**/*.test.ts"],
          testTimeout: 90_000,
          hookTimeout: 60_000,
          maxWorkers: BESIDE_EACH_OTHER,
        },
      },
      {
        test: {
          name: "chaos",
          include: ["test/chaos/**/*.test.ts"],
          testTimeout: 120_000,
          hookTimeout: 60_000,
          maxWorkers: BESIDE_EACH_OTHER,
        },
      },
      {
        test: {
          name: "e2e",
          include: ["test/e2e/**/*.test.ts"],
          globalSetup: ["test/e2e/ui/build-once.ts"],
          testTimeout: 120_000,
          hookTimeout: 60_000,
          maxWorkers: BESIDE_EACH_OTHER,
          // After all others: beside tests full of processes, windows get too little time to keep their focus.
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
