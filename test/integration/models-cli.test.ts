/** `bellows models` as people run it: offline on the data folder, and through a running engine that then offers the model. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { CatalogueSchema } from "../../src/shared/catalogue.ts";
import { ModelViewSchema } from "../../src/shared/contract/models.ts";
import { bellows, RunningDemo, startBellows } from "../support/bellows.ts";
import { serveRegistry } from "../support/npm-registry.ts";
import { tempFolder } from "../support/temp-folder.ts";

const STARTER = "all-MiniLM-L6-v2";
const CACHE = fileURLToPath(new URL("../../.cache", import.meta.url));
const CATALOGUE = fileURLToPath(new URL("../../resources/models/catalogue.json", import.meta.url));
const DEVNET_PORTS = [
  "--coordinator-port",
  "0",
  "--chain-port",
  "0",
  "--queue-port",
  "0",
  "--node-port",
  "0",
];

function list(stdout: string) {
  return ModelViewSchema.array().parse(JSON.parse(stdout));
}

describe("without an engine", () => {
  it("models lists the catalogue with what is here, and verify reads every file", async () => {
    const data = tempFolder();
    const models = list((await bellows(["models", "--json", "--data", data])).stdout);
    expect(models.find(({ id }) => id === STARTER)).toMatchObject({ state: "present", allowed: true });
    const table = await bellows(["models", "list", "--data", data]);
    expect(table.stdout).toMatch(new RegExp(`^${STARTER} +\\S+ +embed +present`, "m"));
    const verified = await bellows(["models", "verify", STARTER, "--data", data]);
    expect(verified).toMatchObject({ code: 0, stdout: expect.stringContaining("every file") });
  });

  it("a model that is not allowed is not fetched, and what is wrong with the list is said", async () => {
    const env = { MODEL_ALLOWLIST: "clip-ViT-B/32,what" };
    const data = tempFolder();
    const download = await bellows(["models", "download", STARTER, "--data", data], env);
    expect(download.code).toBe(1);
    expect(download.stderr).toContain("may not run on this machine");
    const { stderr } = await bellows(["models", "--data", data], env);
    expect(stderr).toContain("MODEL_ALLOWLIST names what no model of the catalogue is called: what.");
  });

  it("a damaged model, an unknown one and a prune without a size are errors in one sentence", async () => {
    const data = tempFolder();
    const home = join(data, "models", STARTER);
    mkdirSync(home, { recursive: true });
    writeFileSync(join(home, "config.json"), "{}");
    const env = { BELLOWS_CACHE_DIR: join(data, "no-cache") };
    const verify = await bellows(["models", "verify", STARTER, "--data", data], env);
    expect(verify).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^Error: The model .* is incomplete/),
    });
    const unknown = await bellows(["models", "download", "nope", "--data", data]);
    expect(unknown).toMatchObject({ code: 1, stderr: expect.stringContaining('no model "nope"') });
    const prune = await bellows(["models", "prune", "--data", data]);
    expect(prune).toMatchObject({ code: 1, stderr: expect.stringContaining("--to") });
    const removed = await bellows(["models", "remove", STARTER, "--data", data], env);
    expect(removed.code).toBe(0);
    expect(existsSync(home)).toBe(false);
    const rate = await bellows(["models", "download", STARTER, "--limit-rate", "0", "--data", data]);
    expect(rate.code).toBe(2);
  });
});

describe("with an engine", () => {
  it("a denied model is withdrawn from the markets at once, and offered again when it is allowed", async () => {
    expect(existsSync(join(CACHE, "models", STARTER))).toBe(true);
    const demo = await RunningDemo.start();
    await demo.until((state) => state.throughput.acceptedTotal > 0, "a first result");
    const run = (...args: string[]) => bellows([...args, "--data", demo.folder]);
    const models = list((await run("models", "--json")).stdout);
    expect(models.find(({ id }) => id === STARTER)).toMatchObject({ state: "present" });
    await demo.until(
      (state) => state.models.some(({ id, lastUsedAt }) => id === STARTER && lastUsedAt !== null),
      "its use to be noted",
    );

    expect((await run("models", "deny", STARTER)).stdout).toContain("neither offered nor run");
    const denied = await demo.until(
      (state) => state.models.some(({ id, allowed }) => id === STARTER && !allowed),
      "the model to be denied",
    );
    expect(denied.headline.level).toBe("error");
    const idle = await demo.until(
      (state) => state.markets.every(({ leasesHeld }) => leasesHeld === 0),
      "no lease",
    );

    expect((await run("models", "allow", STARTER)).stdout).toContain("may run");
    const accepted = idle.throughput.acceptedTotal;
    await demo.until((state) => state.throughput.acceptedTotal > accepted + 1, "work to go on");
    const own = await run("models", "remove", STARTER);
    expect(own.code).toBe(1);
  });

  it("a machine without any model starts, fetches one through npm while it runs, and earns with it", async () => {
    const data = tempFolder();
    const catalogue = CatalogueSchema.parse(JSON.parse(readFileSync(CATALOGUE, "utf8")));
    const model = catalogue.models.find(({ id }) => id === STARTER);
    const source = model?.sources.find(({ kind }) => kind === "npm");
    if (!model || source?.kind !== "npm") throw new Error("The catalogue has no starter model in a package");
    const registry = await serveRegistry({
      name: source.package,
      version: source.version,
      files: Object.fromEntries(
        model.files.map(({ path, from }) => [
          `${source.folder}/${from}`,
          { file: join(CACHE, "models", STARTER, path) },
        ]),
      ),
    });
    const markets = startBellows(["devnet", ...DEVNET_PORTS, "--json", "--data", join(data, "markets")]);
    await expect.poll(() => markets.stdout(), { timeout: 30_000 }).toContain("\n");
    const env = {
      ...(JSON.parse(markets.stdout().split("\n")[0] ?? "") as NodeJS.ProcessEnv),
      BELLOWS_CACHE_DIR: join(data, "no-cache"),
      npm_config_registry: registry.url,
      npm_config_cache: join(data, "npm"),
    };
    const serving = startBellows(["serve", "--data", data, "--port", "0"], env);
    const engine = new RunningDemo(data, serving, "live");
    const before = await engine.until((state) => state.markets.length === 2, "the engine to run");
    expect(before.headline.level).toBe("error");
    expect(before.models.map(({ state }) => state)).not.toContain("present");

    const download = await bellows(["models", "download", STARTER, "--data", data, "--json"], env);
    expect(download.stderr).toContain("55.0 MB");
    expect(JSON.parse(download.stdout)).toMatchObject({ id: STARTER, state: "present" });
    await engine.until(
      (state) => state.markets.every(({ lastAcceptedAt }) => lastAcceptedAt !== null),
      "both markets to accept a result",
    );
  });
});
