/** Pause, Finish and Stop while the coordinator's jobs are on their way in: none of them is left with a miner that does not know of it. */
import { expect, test } from "vitest";
import { createAitbcAdapter } from "../../../../../src/engine/market/aitbc/adapter.ts";
import { aSessionAt } from "../../../../support/one-session.ts";
import { type SeenRequest, serve } from "../../../../support/scripted-server.ts";

const JOBS = ["j1", "j2"];
const payload = { type: "embeddings", model: "text-embed-001", input: ["a"] };
const OK = { body: { status: "ok" } };

/** It hands out both jobs, and the question after that, or the first look at who pays, stays without an answer. */
async function coordinator(silent: "poll" | "jobs") {
  const running = new Set<string>();
  const failed: string[] = [];
  let polls = 0;
  let looks = 0;
  const server = await serve(({ url }: SeenRequest) => {
    const path = url.split("?")[0] ?? "";
    const failure = /^\/v1\/miners\/(\w+)\/fail$/.exec(path)?.[1];
    if (failure !== undefined) {
      running.delete(failure);
      failed.push(failure);
      return OK;
    }
    switch (path) {
      case "/v1/miners/poll": {
        const job_id = JOBS[polls++];
        if (job_id === undefined) return silent === "poll" ? undefined : { status: 204 };
        running.add(job_id);
        return { body: { job_id, payload } };
      }
      case "/v1/miners/m1/jobs": {
        // The very first look is the session's at its beginning.
        if (++looks === 2 && silent === "jobs") return undefined;
        const jobs = [...running].map((job_id) => ({
          ...{ job_id, payload, state: "RUNNING", assigned_miner_id: "m1", payment_status: "escrowed" },
        }));
        return { body: { jobs } };
      }
      default:
        return OK;
    }
  });
  const adapter = createAitbcAdapter({
    ...{ coordinatorUrl: server.url, coordinatorKey: "key-of-the-miner", gpuUrl: null, gpuKey: null },
    ...{ rpcUrl: null, minerId: "m1", nodeId: null, region: null, wallet: null, receiptKeyId: null },
  });
  const isStuck = () => (silent === "poll" ? polls === 3 : looks === 2);
  return { adapter, failed, isStuck };
}

test.each([
  ["pause", "poll"],
  ["pause", "jobs"],
  ["stop", "poll"],
  // With nothing held it stops at once.
  ["finish", "poll"],
  ["finish", "jobs"],
] as const)("%s during %s: they go back at once", async (press, silent) => {
  const { adapter, failed, isStuck } = await coordinator(silent);
  const { board, control, eventually } = await aSessionAt(adapter, 4);
  await eventually(isStuck).toBe(true);
  control[press]();
  await eventually(() => failed.toSorted()).toEqual(JOBS);
  expect(board.count()).toBe(0);
});
