/** `bellows finish --wait`, as a pod's preStop runs it: it ends when nothing is held any more. */
import { describe, expect, it } from "vitest";
import { bellows, RunningDemo } from "../support/bellows.ts";

describe("bellows finish --wait", () => {
  it("ends when what is held is done, and the engine takes no more", async () => {
    const demo = await RunningDemo.start();
    await demo.until((state) => state.throughput.acceptedTotal > 0, "a first result");
    const finished = await bellows(["finish", "--wait", "60s", "--data", demo.folder]);
    expect(finished, finished.stderr).toMatchObject({ code: 0 });
    const { engine, markets } = await demo.state();
    expect(["finishing", "stopped"]).toContain(engine.intent);
    expect(markets.every(({ leasesHeld }) => leasesHeld === 0)).toBe(true);
    await demo.until((state) => state.engine.intent === "stopped", "the engine to stop by itself");
  });

  it("takes a time and nothing else", async () => {
    const { code, stderr } = await bellows(["finish", "--wait", "soon"]);
    expect(code).toBe(2);
    expect(stderr).toContain("--wait");
  });
});
