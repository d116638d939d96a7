import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { findMps, mpsNotice } from "../../../../src/engine/gpu-pack/mps.ts";
import { tempFolder } from "../../../support/temp-folder.ts";

const pipes = () => {
  const folder = tempFolder();
  writeFileSync(join(folder, "control"), "");
  return folder;
};
const daemon = () => ["systemd", "nvidia-cuda-mps", "bash"];

test("a daemon with its pipes is joined", () => {
  const folder = pipes();
  expect(findMps({ env: { CUDA_MPS_PIPE_DIRECTORY: folder }, processes: daemon, platform: "linux" })).toEqual(
    {
      kind: "runs",
      pipes: folder,
    },
  );
});

test("no pipes, pipes of a dead daemon, another system: each is told, once, and work goes on", () => {
  const env = { CUDA_MPS_PIPE_DIRECTORY: pipes() };
  const none = findMps({
    env: { CUDA_MPS_PIPE_DIRECTORY: "/nonexistent" },
    processes: daemon,
    platform: "linux",
  });
  expect(none).toEqual({ kind: "absent", reason: "no MPS daemon has its pipes in /nonexistent" });
  expect(findMps({ env, processes: () => ["bash"], platform: "linux" })).toMatchObject({
    reason: expect.stringMatching(/no MPS daemon runs/),
  });
  expect(findMps({ env, processes: daemon, platform: "win32" })).toMatchObject({ kind: "absent" });
  expect(mpsNotice(none)).toMatchObject([
    { code: "MPS_ABSENT", message: expect.stringContaining("without MPS") },
  ]);
  expect(mpsNotice(null)).toEqual([]);
  expect(mpsNotice({ kind: "runs", pipes: "/p" })).toEqual([]);
});

test.runIf(process.platform === "linux")("this machine's own processes are looked at", () => {
  expect(findMps({ env: { CUDA_MPS_PIPE_DIRECTORY: pipes() } })).toMatchObject({ kind: "absent" });
});
