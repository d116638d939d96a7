/** Exchanges recorded with upstream's RPC and REST code, replayed against the node: the same bytes. */
import { readFileSync } from "node:fs";
import { expect, it, onTestFinished } from "vitest";
import { startDevnet } from "../../src/devnet/devnet.ts";
import { tempFolder } from "../support/temp-folder.ts";
import { CHAIN_ID, devnetConfig } from "./devnet-process.ts";
import { submitJob, TestProvider, type WireLease } from "./devnet-provider.ts";

const lines = readFileSync(new URL("../fixtures/aicf/node-rpc.txt", import.meta.url), "utf8").split("\n");
const RECORDED_JOB = "0x77747ddf7c00bd31853cd36017c41a135e43d875b54c826b4f98b654e6447075";

interface Exchange {
  readonly method: "GET" | "POST";
  readonly path: string;
  readonly body: string | null;
  readonly status: number;
  readonly answer: string;
}
/** Lines between the exchanges, where the recording's author moved the job along by hand. */
type Step = Exchange | "leased" | "completed";

function parseRecording(): Step[] {
  const steps: Step[] = [];
  lines.forEach((line, at) => {
    const next = lines[at + 1] ?? "";
    const rest = /^(GET (\S+)|POST claim)$/.exec(line);
    if (line.startsWith("RPC ")) {
      const [status = "", answer = ""] = next.split(/ (.*)/s);
      steps.push({ method: "POST", path: "/rpc", body: line.slice(4), status: Number(status), answer });
    } else if (rest) {
      const answer = next.slice(0, -4);
      const path = rest[2] ?? "/aicf/providers/prov_01ce5b7f/claim";
      steps.push({
        method: rest[2] ? "GET" : "POST",
        path,
        body: null,
        status: Number(next.slice(-3)),
        answer,
      });
    } else if (line.startsWith('200 {"ok":true,"leaseId"')) steps.push("leased");
    else if (line.includes('"completed_at"') && line.includes('"proof_refs"')) steps.push("completed");
  });
  return steps;
}

it("answers every recorded RPC and REST exchange the same", async () => {
  const devnet = await startDevnet(devnetConfig(tempFolder()));
  onTestFinished(() => devnet.close());
  const { queueUrl, nodeUrl } = devnet.ready;
  const provider = new TestProvider(queueUrl, CHAIN_ID);
  await provider.register({ endpoint: "https://provider.example/api" });
  await provider.stake(100_000_000_000);
  await provider.heartbeat();
  const job = await submitJob(queueUrl, { fee: 1000, requester: "anim1req" });
  const settle = () => fetch(`${queueUrl}/v1/epochs/settle`, { method: "POST" });
  let lease: WireLease | undefined;

  const steps = parseRecording();
  const exchanges = steps.filter((step) => typeof step === "object");
  expect([exchanges.length, steps.length - exchanges.length]).toEqual([30, 2]);

  for (const step of steps) {
    if (step === "leased") {
      [lease] = await provider.acquire();
    } else if (step === "completed") {
      if (!lease) throw new Error("the recording completes before it leases");
      await provider.complete(lease, Buffer.from("hello"));
      for (let epoch = 1; epoch <= 3; epoch++) await settle();
    } else {
      const { method, path, body } = step;
      const response = await fetch(nodeUrl + path.replace(RECORDED_JOB, job), {
        method,
        ...(body === null ? {} : { body: body.replaceAll(RECORDED_JOB, job) }),
      });
      const what = `${method} ${path} ${body ?? ""}`;
      expect(response.status, what).toBe(step.status);
      expect(normalise(await response.text()), what).toBe(
        normalise(step.answer.replaceAll(RECORDED_JOB, job)),
      );
    }
  }
});

/** The recording's payout was written by hand, in the third epoch; ours follows from the fee, in the first. */
function normalise(text: string): string {
  return text
    .replaceAll(/"(created_at|updated_at)":\d{10}/g, '"$1":<unix>')
    .replaceAll(/"(available|pending|totalPaid|amount)":(850000|800)\b/g, '"$1":<share>')
    .replaceAll(/"(epochFrom|epochTo|lastSettlementEpoch)":[13]\b/g, '"$1":<epoch>');
}
