/** The fleet as the Fleet screen asks for it, over real HTTP: looks shared, silent machines remembered, secrets kept. */
import { rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { FleetDesk } from "../../../../src/engine/fleet/desk.ts";
import { type FleetPlace, fleetPlace } from "../../../../src/engine/fleet/place.ts";
import { FleetViewSchema } from "../../../../src/shared/contract/fleet.ts";
import { MINUTE, SECOND } from "../../../../src/shared/durations.ts";
import { tempFolder } from "../../../support/temp-folder.ts";

const metrics = (version: string, more = "") => `bellows_build_info{version="${version}",mode="live"} 1
bellows_intent{intent="running"} 1
bellows_headline{level="idle"} 1
${more}`;

const PAID = `bellows_market_up{market="aicf"} 1
bellows_earnings_settled_total{market="aicf",currency="ANM"} 12.5`;

async function serve(answer: RequestListener): Promise<{ host: string; asked: IncomingMessage[] }> {
  const asked: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    asked.push(request);
    answer(request, response);
  }).listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { host: `127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}

function desk(inventory: unknown, more: { prometheus?: string } = {}) {
  const folder = tempFolder();
  const file = join(folder, "fleet.yaml");
  const write = (content: unknown) => writeFileSync(file, JSON.stringify(content));
  write(inventory);
  const clock = { now: 1_760_000_000_000 };
  const changes: (FleetPlace | null)[] = [];
  const stop = new AbortController();
  onTestFinished(() => stop.abort());
  const place = () => fleetPlace({ file: undefined, prometheus: more.prometheus, dataRoot: folder });
  const made = new FleetDesk({
    place,
    onPlace: () => changes.push(place()),
    signal: stop.signal,
    now: () => clock.now,
  });
  return { desk: made, clock, changes, file, write };
}

describe("a fleet that is looked at", () => {
  it("is read once for all who ask within two seconds, and anew after that", async () => {
    const { host, asked } = await serve((_, response) => response.end(metrics("1.0.0")));
    const { desk: fleet, clock } = desk({ workers: [{ name: "a", metrics: `http://${host}/metrics` }] });
    const views = await Promise.all([fleet.read(), fleet.read(), fleet.read()]);
    expect(views.map(({ summary }) => summary.reached)).toEqual([1, 1, 1]);
    clock.now += SECOND;
    await fleet.read();
    expect(asked).toHaveLength(1);
    clock.now += 2 * SECOND;
    expect((await fleet.read()).at).toBe(clock.now);
    expect(asked).toHaveLength(2);
  });

  it("keeps what a machine said last when it falls silent, with the moment; of its sums only money stays", async () => {
    let silent = false;
    const { host } = await serve((request, response) =>
      silent
        ? request.socket.destroy()
        : response.end(metrics("1.0.0", `bellows_jobs_total{status="accepted"} 7\n${PAID}`)),
    );
    const { desk: fleet, clock } = desk({ workers: [{ name: "a", metrics: `http://${host}/metrics` }] });
    const first = await fleet.read();
    const then = clock.now;
    expect(first.machines[0]).toMatchObject({ error: null, last: { at: then, facts: { accepted: 7 } } });
    silent = true;
    clock.now += MINUTE;
    const second = await fleet.read();
    expect(second.machines[0]).toMatchObject({
      error: { code: "WORKER_SILENT", actor: "machine" },
      last: { at: then, facts: { version: "1.0.0" } },
    });
    expect(first.summary).toMatchObject({ settled: [{ currency: "ANM" }], lastKnown: 0 });
    const { settled } = first.summary;
    expect(second.summary).toMatchObject({ workers: 1, reached: 0, accepted: 0, settled, lastKnown: 1 });
  });

  it("says what is wrong of each machine, never of all, and nothing with a password in it", async () => {
    const { host, asked } = await serve(({ url = "" }, response) => {
      if (url.startsWith("/no")) response.writeHead(403).end("forbidden");
      else response.end(url.startsWith("/other") ? "node_load1 1" : metrics("1.0.0"));
    });
    const at = (path: string) => `http://ada:open-sesame@${host}${path}?token=hush`;
    const { desk: fleet } = desk({
      workers: [
        { name: "well", metrics: at("/metrics") },
        { name: "refused", metrics: at("/no") },
        { name: "other", metrics: at("/other") },
        { name: "gone", metrics: "http://ada:open-sesame@127.0.0.1:1/metrics" },
        { name: "no-file", control: "nowhere.json", url: "http://ada:open-sesame@127.0.0.1:1" },
      ],
    });
    const view = await fleet.read();
    expect(view.machines.map(({ name, error }) => [name, error?.code ?? null])).toEqual([
      ["well", null],
      ["refused", "UNEXPECTED_ANSWER"],
      ["other", "NOT_A_WORKER"],
      ["gone", "WORKER_SILENT"],
      ["no-file", "CONTROL_FILE_UNREADABLE"],
    ]);
    expect(asked[0]?.headers.authorization).toBe(`Basic ${btoa("ada:open-sesame")}`);
    expect(JSON.stringify(view)).not.toMatch(/open-sesame|ada|hush/);
    expect(view.machines[0]?.where).toBe(`http://${host}/metrics`);
  });

  describe("an engine of another version", () => {
    const snapshot = {
      version: "9.0.0",
      mode: "live",
      intent: "running",
      startedAt: 1_760_000_000_000,
    };
    const state = {
      engine: snapshot,
      headline: { level: "earning", sentence: "Earning", said: { key: "of.tomorrow" } },
      devices: [
        {
          id: "GPU-1",
          kind: "gpu",
          name: "X",
          state: "working",
          temperatureC: 50,
          powerW: 9,
          utilisationPct: 1,
        },
        { id: "npu", kind: "npu" },
      ],
      markets: [
        { id: "aicf", state: "registered", lastHeartbeatAckAt: null, leasesHeld: 2, aeon: {} },
        { id: "market-of-tomorrow", state: "registered", lastHeartbeatAckAt: null, leasesHeld: 2 },
      ],
      earnings: [],
      throughput: { acceptedTotal: 7 },
      models: [{ id: "all-MiniLM-L6-v2", state: "present" }],
    };
    /** An engine's control API that answers every snapshot with this. */
    async function engine(answer: unknown) {
      const { host } = await serve(({ url }, response) => {
        response.setHeader("content-type", "application/json");
        response.end(JSON.stringify(url?.endsWith("state.snapshot") ? answer : { levels: [] }));
      });
      const file = join(tempFolder(), "control.json");
      const control = { url: `http://${host}`, token: "t".repeat(32), pid: 9, startedAt: 0 };
      writeFileSync(file, JSON.stringify(control));
      return file;
    }

    it("is shown with all that is understood of it", async () => {
      const { desk: fleet } = desk({ workers: [{ name: "new", control: await engine({ state }) }] });
      const view = FleetViewSchema.parse(await fleet.read());
      expect(view.machines[0]).toMatchObject({
        error: null,
        last: {
          facts: {
            version: "9.0.0",
            accepted: 7,
            gpus: [{ id: "GPU-1", usable: true }],
            markets: [{ market: "aicf", leasesHeld: 2 }],
            models: ["all-MiniLM-L6-v2"],
          },
        },
      });
    });

    it("that is not understood was reached all the same, and its version is told", async () => {
      const strange = { engine: { ...snapshot, intent: "dreaming" } };
      const { desk: fleet } = desk({
        workers: [
          { name: "new", control: await engine({ state: strange }) },
          { name: "no-engine", control: await engine({ state: {} }) },
        ],
      });
      const view = FleetViewSchema.parse(await fleet.read());
      expect(view.machines.map(({ error }) => [error?.code, error?.message])).toEqual([
        ["WORKER_OTHER_VERSION", expect.stringContaining("It runs Bellows 9.0.0")],
        ["NOT_A_WORKER", expect.any(String)],
      ]);
      expect(view.machines.map(({ otherVersion }) => otherVersion)).toEqual(["9.0.0", undefined]);
      expect(view.summary).toMatchObject({ workers: 2, reached: 1, well: 0 });
    });
  });

  it("is not spoilt by what a machine makes up", async () => {
    const { host } = await serve((_, response) =>
      response.end(
        metrics(
          "v".repeat(100_000),
          `bellows_gpu_info{device="g",name="${"x".repeat(50_000)}"} 1
bellows_gpu_temperature_celsius{device="g"} NaN
bellows_jobs_total{status="accepted"} +Inf
bellows_earnings_settled_total{market="aicf",currency="ANM"} 1e308
bellows_sla_limit{market="aicf",measure="traps"} NaN
bellows_market_leases_held{market="aicf"} -Inf
bellows_market_up{market="aicf"} 1`,
        ),
      ),
    );
    const { desk: fleet } = desk({ workers: [{ name: "a", metrics: `http://${host}/metrics` }] });
    const view = FleetViewSchema.parse(await fleet.read());
    expect(view.machines[0]?.last?.facts).toMatchObject({
      accepted: 0,
      gpus: [{ temperatureC: null }],
      earnings: [],
      service: [],
      markets: [{ leasesHeld: 0 }],
    });
    expect(JSON.stringify(view).length).toBeLessThan(3000);
  });

  it("reads its inventory again when it has changed, and says so when that is wrong", async () => {
    const { host } = await serve((_, response) => response.end(metrics("1.0.0")));
    const worker = (name: string) => ({ name, metrics: `http://${host}/metrics` });
    const { desk: fleet, clock, write } = desk({ workers: [worker("a")] });
    await fleet.read();
    write({ workers: [worker("a"), worker("b")] });
    clock.now += MINUTE;
    expect((await fleet.read()).machines.map(({ name }) => name)).toEqual(["a", "b"]);
    write({ workers: [{ name: "a" }] });
    clock.now += MINUTE;
    await expect(fleet.read()).rejects.toMatchObject({ code: "CONFIG_INVALID", actor: "user" });
  });

  it("is nowhere without an inventory, and tells when one comes or goes", async () => {
    const {
      desk: fleet,
      changes,
      file,
      write,
    } = desk({ workers: [{ name: "a", metrics: "http://127.0.0.1:1/" }] });
    await fleet.read();
    rmSync(file);
    expect(await fleet.read()).toMatchObject({ source: null, at: null, machines: [] });
    write({ workers: [{ name: "b", metrics: "http://127.0.0.1:1/" }] });
    expect((await fleet.read()).machines.map(({ name }) => name)).toEqual(["b"]);
    expect(changes).toEqual([{ file, prometheus: null }, null, { file, prometheus: null }]);
  });
});

describe("a fleet that a Prometheus scrapes", () => {
  it("calls a pod by its name, and two of one name by their addresses", async () => {
    const pod = (instance: string, name: string, namespace: string) =>
      well(instance).map(({ metric, value }) => ({ metric: { ...metric, pod: name, namespace }, value }));
    const { host } = await serve((_, response) => {
      const result = [...pod("10.0.0.1:9108", "bellows-0", "a"), ...pod("10.0.0.2:9108", "bellows-0", "b")];
      result.push(...pod("10.0.0.3:9108", "bellows-1", "a"));
      response.end(JSON.stringify({ status: "success", data: { result: [...result, { metric: 1 }, null] } }));
    });
    const { desk: fleet } = desk({ prometheus: { url: `http://ada:open-sesame@${host}` } });
    const { machines, source } = await fleet.read();
    expect(machines.map(({ name, pod }) => [name, pod?.namespace])).toEqual([
      ["10.0.0.1:9108", "a"],
      ["10.0.0.2:9108", "b"],
      ["bellows-1", "a"],
    ]);
    expect(source?.prometheus).toBe(`http://${host}`);
  });

  const sample = (instance: string, name: string, value: number, labels = {}) => ({
    metric: { __name__: name, job: "bellows", instance, ...labels },
    value: [1_760_000_000, String(value)],
  });
  const well = (instance: string) => [
    sample(instance, "up", 1),
    sample(instance, "bellows_build_info", 1, { version: "1.0.0", mode: "live" }),
    sample(instance, "bellows_intent", 1, { intent: "running" }),
    sample(instance, "bellows_headline", 1, { level: "idle" }),
  ];

  it("shows each instance; one it can't reach, and all of them as they were while it is silent itself", async () => {
    let answer: "well" | "broken" = "well";
    const { host, asked } = await serve((_, response) => {
      const result = [...well("rack-1:9108"), sample("rack-2:9108", "up", 0)];
      if (answer === "well") response.end(JSON.stringify({ status: "success", data: { result } }));
      else response.end("<html>");
    });
    const { desk: fleet, clock } = desk(
      { workers: [{ name: "a", metrics: "http://127.0.0.1:1/" }] },
      {
        prometheus: `http://${host}/prom`,
      },
    );
    const first = await fleet.read();
    expect(asked[0]?.url).toMatch(/^\/prom\/api\/v1\/query\?query=/);
    expect(first.machines.map(({ name, host: on, error }) => [name, on, error?.code ?? null])).toEqual([
      ["a", null, "WORKER_SILENT"],
      ["rack-1:9108", "rack-1", null],
      ["rack-2:9108", "rack-2", "WORKER_DOWN"],
    ]);
    answer = "broken";
    clock.now += MINUTE;
    const second = await fleet.read();
    expect(second.prometheusError?.code).toBe("NOT_PROMETHEUS");
    expect(second.machines[1]).toMatchObject({
      error: { code: "PROMETHEUS_SILENT" },
      last: { at: first.at, facts: { version: "1.0.0" } },
    });
    expect(second.summary).toMatchObject({ reached: 0, workers: first.summary.workers });
  });

  it("is given longer to answer for all machines than a machine for itself, and less than the whole look has", async () => {
    const limits = vi.spyOn(AbortSignal, "timeout");
    onTestFinished(() => limits.mockRestore());
    const { host } = await serve((_, response) =>
      response.end(JSON.stringify({ status: "success", data: { result: well("rack-1:9108") } })),
    );
    await desk(
      { workers: [{ name: "a", metrics: `http://${host}/` }] },
      { prometheus: `http://${host}` },
    ).desk.read();
    const [prometheus, worker] = [18 * SECOND, 5 * SECOND];
    expect(limits.mock.calls.map(([ms]) => ms).sort((a, b) => a - b)).toEqual([
      worker,
      prometheus,
      20 * SECOND,
    ]);
  });

  it("says so when it is silent, with the time it was given", async () => {
    const limits = vi.spyOn(AbortSignal, "timeout").mockImplementation((ms) => {
      const limit = new AbortController();
      if (ms === 18 * SECOND) limit.abort();
      return limit.signal;
    });
    onTestFinished(() => limits.mockRestore());
    const { host } = await serve(() => undefined);
    const { prometheusError } = await desk({ prometheus: { url: `http://${host}` } }).desk.read();
    expect(prometheusError).toMatchObject({
      code: "WORKER_SILENT",
      message: `${host} does not answer within 18 s`,
    });
  });

  it("says so when it knows nobody of that job; a job of the file counts for the Prometheus of the settings too", async () => {
    let found = well("rack-1:9108");
    const { host, asked } = await serve((_, response) =>
      response.end(JSON.stringify({ status: "success", data: { result: found } })),
    );
    const { desk: fleet, clock } = desk(
      { prometheus: { url: "http://127.0.0.1:1", job: "aicf_provider" } },
      { prometheus: `http://${host}` },
    );
    expect((await fleet.read()).machines.map(({ name }) => name)).toEqual(["rack-1:9108"]);
    expect(decodeURIComponent(asked[0]?.url ?? "")).toContain('job="aicf_provider"');
    found = [];
    clock.now += MINUTE;
    expect(await fleet.read()).toMatchObject({
      machines: [],
      prometheusError: {
        code: "NOBODY_SCRAPED",
        message: `Prometheus at http://${host} scrapes no worker under the job "aicf_provider"`,
      },
    });
  });
});
