import { defineConfig } from "vitest/config";
import { memoryFolder } from "./test/support/memory-folder.ts";

/** Tests of processes and of markets with short leases: with three of them on two cores leases run out by themselves. */
const BESIDE_EACH_OTHER = 3;

/** Of one file's tests that wait together (test/support/side-by-side.ts): each is four processes, and all begin at once. */
const WAITING_TOGETHER = 3;

const env = memoryFolder();

/** What a process does soon comes later on a busy machine; what must be quick says so itself. */
const PATIENT = { poll: { timeout: 10_000 } };

/** One project per kind of test; `--project unit` runs just the fast ones. */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: "unit",
          env,
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
          env,
          include: ["test/integration/**/*.test.ts"],
          testTimeout: 180_000,
          expect: PATIENT,
          hookTimeout: 60_000,
          maxWorkers: BESIDE_EACH_OTHER,
          maxConcurrency: WAITING_TOGETHER,
        },
      },
      {
        test: {
          name: "chaos",
          env,
          include: ["test/chaos/**/*.test.ts"],
          testTimeout: 240_000,
          expect: PATIENT,
          hookTimeout: 60_000,
          maxWorkers: BESIDE_EACH_OTHER,
          maxConcurrency: WAITING_TOGETHER,
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
