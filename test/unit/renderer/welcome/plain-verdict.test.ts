import { describe, expect, it } from "vitest";
import { isUsable, plainVerdict } from "../../../../src/renderer/welcome/plain-verdict.ts";
import type { DeviceVerdict } from "../../../../src/shared/contract/views.ts";

const able = (code: string): DeviceVerdict => ({ usable: true, code, how: "Runs on it", help: null });
const unable = (code: string): DeviceVerdict => ({ usable: false, code, why: "it can't", help: null });
const gpu = (verdict?: DeviceVerdict) => ({
  kind: "gpu" as const,
  state: "asleep" as const,
  ...(verdict === undefined ? {} : { verdict }),
});

describe("a device's verdict in one plain line", () => {
  it("tells a card at full speed from one on a slower back end", () => {
    for (const code of ["runs-on-cuda", "expects-cuda", "runs-on-dml", "expects-dml"])
      expect(plainVerdict(gpu(able(code)), true)).toBe("gpuFast");
    for (const code of ["runs-on-webgpu", "expects-webgpu", "library-missing", "driver-old"])
      expect(plainVerdict(gpu(able(code)), true)).toBe("gpuSlow");
  });

  it("names what a person would call the obstacle, and else says: not yet", () => {
    const told = (code: string) => plainVerdict(gpu(unable(code)), true);
    expect(
      ["busy", "driver-old", "compute-capability", "lost", "needs-reset", "mig-parent"].map(told),
    ).toEqual(["gpuBusy", "gpuDriver", "gpuOld", "gpuSilent", "gpuSilent", "gpuSliced"]);
    expect(["library-missing", "no-permission", "something-new"].map(told)).toEqual(
      Array.from({ length: 3 }, () => "gpuNotYet"),
    );
  });

  it("says of the processor whether it is alone", () => {
    const cpu = { kind: "cpu", state: "asleep", verdict: able("runs-on-cpu") } as const;
    expect(plainVerdict(cpu, false)).toBe("cpuAlone");
    expect(plainVerdict(cpu, true)).toBe("cpuToo");
  });

  it("goes by the device's state before there is a verdict", () => {
    expect([plainVerdict(gpu(), true), isUsable(gpu())]).toEqual(["gpuFast", true]);
    const failed = { kind: "gpu", state: "failed" } as const;
    expect([plainVerdict(failed, true), isUsable(failed)]).toEqual(["gpuNotYet", false]);
    expect(isUsable(gpu(unable("busy")))).toBe(false);
  });
});
