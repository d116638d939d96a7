/** Every setting has a right and a wrong way to be written; the wrong way is named, with what to write instead. */
import fs from "node:fs";
import path from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { ConfigError } from "../../../../src/engine/config/config-error.ts";
import {
  chooseMode,
  type Flags,
  loadConfig,
  readSettings,
} from "../../../../src/engine/config/from-environment.ts";
import { locatePaths } from "../../../../src/engine/config/paths.ts";
import { SETTINGS } from "../../../../src/engine/config/settings.ts";
import { tempFolder } from "../../../support/temp-folder.ts";

const paths = locatePaths();
let data: string;
beforeEach(() => {
  data = tempFolder();
});

const load = (env: Record<string, string>, flags: Flags = {}) =>
  loadConfig({
    env: { BELLOWS_DATA_DIR: data, BELLOWS_KEY_PASSPHRASE: "four words make one", ...env },
    flags,
    paths,
  });

const AITBC = { AITBC_COORDINATOR_URL: "http://127.0.0.1:8203", AITBC_API_KEY: "miner_key_0123456789" };
const AICF = { AICF_QUEUE_URL: "http://127.0.0.1:8700" };

function problemsOf(act: () => unknown) {
  try {
    act();
  } catch (thrown) {
    if (thrown instanceof ConfigError) return thrown.problems;
    throw thrown;
  }
  throw new Error("No problem was found");
}

describe("an Ollama on this machine", () => {
  it("is not used unless somebody says so", () => {
    expect(load(AICF).ollama).toBeUndefined();
    expect(load({ ...AICF, OLLAMA_HOST: "0.0.0.0:9000" }).ollama).toBeUndefined();
    expect(load({ ...AICF, BELLOWS_OLLAMA: "off", OLLAMA_HOST: "10.0.0.5" }).ollama).toBeUndefined();
  });

  it("is found where Ollama's own variable says, or where it is usual, or where it is named", () => {
    const url = (env: Record<string, string>) => load({ ...AICF, ...env }).ollama?.url;
    expect(url({ BELLOWS_OLLAMA: "auto" })).toBe("http://127.0.0.1:11434");
    expect(url({ BELLOWS_OLLAMA: "on", OLLAMA_HOST: "0.0.0.0:9000" })).toBe("http://127.0.0.1:9000");
    expect(url({ BELLOWS_OLLAMA: "localhost:9001", OLLAMA_HOST: "10.0.0.5" })).toBe("http://127.0.0.1:9001");
    expect(load({ ...AICF, BELLOWS_OLLAMA: "auto", BELLOWS_OLLAMA_DEVICE: "1" }).ollama?.device).toBe("1");
  });

  it("is never one on another machine", () => {
    const named = problemsOf(() => load({ ...AICF, BELLOWS_OLLAMA: "http://10.0.0.5:11434" }));
    expect(named).toMatchObject([
      { name: "BELLOWS_OLLAMA", fix: expect.stringContaining("127.0.0.1:11434") },
    ]);
    const found = problemsOf(() => load({ ...AICF, BELLOWS_OLLAMA: "yes", OLLAMA_HOST: "10.0.0.5" }));
    expect(found).toMatchObject([{ name: "OLLAMA_HOST", value: "10.0.0.5" }]);
  });
});

describe("a provider's environment", () => {
  it("turns the provider guides' names into a configuration", () => {
    const config = load({
      ...AITBC,
      AITBC_RPC_URL: "http://127.0.0.1:8202/rpc",
      AITBC_MINER_ID: "rig-7",
      AITBC_REGION: "eu-central",
      AITBC_WALLET: `0x${"ab".repeat(20)}`,
      RPC_URL: "http://127.0.0.1:8545/",
      CHAIN_ID: "2",
      AICF_QUEUE_URL: "https://queue.example/aicf/",
      PROVIDER_ID: "prov_01ce5b7f",
      PROVIDER_NAME: "ZetaGPU Labs",
      PROVIDER_REGION: "us-west-2",
      GPU_BACKEND: "cuda",
      MAX_CONCURRENCY: "2",
      BATCH_SIZE: "4",
      MODEL_DIR: `/opt/models${path.delimiter}/srv/models`,
      BELLOWS_AUTO_STAKE: "100.5",
      BELLOWS_KEEP_ALIVE: "5m",
      BELLOWS_KEEP_OUTPUTS: "2d",
      BELLOWS_KEEP_OUTPUTS_SIZE: "500M",
      BELLOWS_ALLOW_UNPAID: "1",
      BELLOWS_PORT: "7200",
    });
    expect(config.mode).toBe("live");
    expect(config.dataFolder).toBe(path.join(data, "live"));
    expect(config.markets.aitbc).toEqual({
      coordinatorUrl: "http://127.0.0.1:8203",
      rpcUrl: "http://127.0.0.1:8202",
      coordinatorKey: "miner_key_0123456789",
      gpuUrl: null,
      gpuKey: null,
      minerId: "rig-7",
      nodeId: null,
      receiptKeyId: null,
      region: "eu-central",
      wallet: `0x${"ab".repeat(20)}`,
      walletKey: null,
    });
    expect(config.markets.aicf).toMatchObject({
      queueUrl: "https://queue.example/aicf",
      rpcUrl: "http://127.0.0.1:8545",
      chainId: 2,
      providerId: "prov_01ce5b7f",
      name: "ZetaGPU Labs",
      region: "us-west-2",
      autoStakeNano: "100500000000",
    });
    expect(config).toMatchObject({
      gpuBackend: "cuda",
      maxConcurrency: 2,
      batchSize: 4,
      keepAliveMs: 300_000,
      allowUnpaid: true,
      keepOutputs: { days: 2, bytes: 500 * 1024 * 1024 },
      keepReceipts: { days: 90, bytes: 2 * 1024 ** 3 },
      control: { port: 7200, explicit: true },
    });
    expect(config.modelFolders.slice(0, 2)).toEqual(["/opt/models", "/srv/models"]);
  });

  it("needs nothing but a market", () => {
    const config = load(AICF);
    expect(config.markets.aitbc).toBeNull();
    expect(config.markets.aicf).toMatchObject({
      chainId: 1,
      providerId: null,
      autoStakeNano: null,
      rpcUrl: null,
    });
    expect(config).toMatchObject({
      gpuBackend: "auto",
      startAs: "running",
      control: { port: 7117, explicit: false },
    });
  });

  it("is overruled by flags", () => {
    const flags = {
      maxConcurrency: "3",
      controlPort: "0",
      dataFolder: path.join(data, "elsewhere"),
      dashboard: "0",
    };
    const config = load({ ...AICF, MAX_CONCURRENCY: "9", BELLOWS_PORT: "7200" }, flags);
    expect(config.maxConcurrency).toBe(3);
    expect(config.control).toEqual({ port: 0, explicit: true, staticFolder: null });
    expect(config.dataFolder).toBe(path.join(data, "elsewhere", "live"));
  });

  it("takes either name of the AITBC key, and empty text for nothing", () => {
    const config = load({
      AITBC_COORDINATOR_URL: AITBC.AITBC_COORDINATOR_URL,
      AITBC_API_KEY: " ",
      AITBC_COORDINATOR_KEY: "key-from-the-operator",
      MAX_CONCURRENCY: "",
    });
    expect(config.markets.aitbc?.coordinatorKey).toBe("key-from-the-operator");
    expect(config.maxConcurrency).toBeNull();
  });

  it("keeps the machine's own ids over restarts and apart from other data folders", () => {
    const first = load({ ...AITBC, ...AICF });
    const again = load({ ...AITBC, ...AICF });
    const elsewhere = load({ ...AITBC, ...AICF }, { dataFolder: path.join(data, "second") });
    expect(again.markets).toEqual(first.markets);
    expect(elsewhere.markets.aitbc?.minerId).not.toBe(first.markets.aitbc?.minerId);
    expect(elsewhere.markets.aicf?.workerId).not.toBe(first.markets.aicf?.workerId);
  });

  it("calls a worker what its pod is called", () => {
    const config = load({ ...AITBC, ...AICF, BELLOWS_WORKER_ID: "bellows-l40s-3" });
    expect(config.markets.aicf?.workerId).toBe("bellows-l40s-3");
  });
});

describe("a wrong value", () => {
  const wrong: [env: Record<string, string>, name: string, reason: RegExp, fix: RegExp][] = [
    [{ AITBC_COORDINATOR_URL: "127.0.0.1:8203" }, "AITBC_COORDINATOR_URL", /no http:\/\//, /http:\/\//],
    [{ AITBC_COORDINATOR_URL: "ftp://host" }, "AITBC_COORDINATOR_URL", /only http and https/, /http:\/\//],
    [{ AITBC_COORDINATOR_URL: "http://" }, "AITBC_COORDINATOR_URL", /not an address/, /http:\/\//],
    [{ AITBC_COORDINATOR_URL: "http://user:word@host" }, "AITBC_COORDINATOR_URL", /password/, /before|away/],
    [{ AITBC_RPC_URL: "http://host/rpc?chain=1" }, "AITBC_RPC_URL", /\? or #/, /base address/],
    [{ AITBC_RPC_URL: "http://host:99999" }, "AITBC_RPC_URL", /not an address/, /http:\/\//],
    [{ AITBC_COORDINATOR_URL: "'http://host'" }, "AITBC_COORDINATOR_URL", /quotation marks/, /away/],
    // biome-ignore lint/suspicious/noTemplateCurlyInString: a start script that never expanded it.
    [{ AITBC_API_KEY: "${MINER_API_KEY}" }, "AITBC_API_KEY", /placeholder/, /operator/],
    [{ AITBC_API_KEY: "__redacted__" }, "AITBC_API_KEY", /placeholder/, /operator/],
    [{ AITBC_API_KEY: "<your key>" }, "AITBC_API_KEY", /placeholder/, /operator/],
    [{ AITBC_API_KEY: "two words" }, "AITBC_API_KEY", /space/, /Copy/],
    [{ AITBC_MINER_ID: "rig seven" }, "AITBC_MINER_ID", /character/, /letters/],
    [{ AITBC_MINER_ID: "x".repeat(121) }, "AITBC_MINER_ID", /longer/, /shorter/],
    [{ AITBC_REGION: "eu\nX-Header: 1" }, "AITBC_REGION", /control character/, /one line/],
    [{ AITBC_WALLET: "0x1234" }, "AITBC_WALLET", /not an AITBC address/, /0x, ait1/],
    [{ AICF_QUEUE_URL: "ws://127.0.0.1:8700/ws" }, "AICF_QUEUE_URL", /only http and https/, /http:\/\//],
    [{ RPC_URL: "localhost" }, "RPC_URL", /no http:\/\//, /http:\/\//],
    [{ CHAIN_ID: "main" }, "CHAIN_ID", /not a whole number/, /number/],
    [{ CHAIN_ID: "-1" }, "CHAIN_ID", /less than 0/, /number/],
    [{ PROVIDER_ID: "prov/../x" }, "PROVIDER_ID", /character/, /letters/],
    [{ PROVIDER_NAME: "y".repeat(121) }, "PROVIDER_NAME", /longer/, /shorter/],
    [{ PROVIDER_REGION: "a\u0000b" }, "PROVIDER_REGION", /control character/, /one line/],
    [{ GPU_BACKEND: "rocm" }, "GPU_BACKEND", /experimental and not built in/, /webgpu/],
    [{ GPU_BACKEND: "gpu" }, "GPU_BACKEND", /none of/, /auto, cuda, cpu/],
    [{ MAX_CONCURRENCY: "0" }, "MAX_CONCURRENCY", /less than 1/, /1 to 256/],
    [{ MAX_CONCURRENCY: "257" }, "MAX_CONCURRENCY", /more than 256/, /1 to 256/],
    [{ MAX_CONCURRENCY: "2.5" }, "MAX_CONCURRENCY", /not a whole number/, /1 to 256/],
    [{ BATCH_SIZE: "many" }, "BATCH_SIZE", /not a whole number/, /1 to 256/],
    [{ BELLOWS_PORT: "70000" }, "BELLOWS_PORT", /not a port/, /65535/],
    [{ BELLOWS_PORT: "seven" }, "BELLOWS_PORT", /not a port/, /65535/],
    [{ BELLOWS_KEEP_ALIVE: "soon" }, "BELLOWS_KEEP_ALIVE", /length of time/, /90s/],
    [{ BELLOWS_KEEP_ALIVE: "25h" }, "BELLOWS_KEEP_ALIVE", /too long/, /from 0s/],
    [{ BELLOWS_KEEP_OUTPUTS_SIZE: "big" }, "BELLOWS_KEEP_OUTPUTS_SIZE", /not a size/, /500M/],
    [{ BELLOWS_ALLOW_UNPAID: "maybe" }, "BELLOWS_ALLOW_UNPAID", /neither yes nor no/, /1 or 0/],
    [{ BELLOWS_AUTO_STAKE: "-5" }, "BELLOWS_AUTO_STAKE", /negative/, /ANM/],
    [{ BELLOWS_AUTO_STAKE: "all" }, "BELLOWS_AUTO_STAKE", /amount of ANM/, /100/],
    [{ BELLOWS_START: "paused" }, "BELLOWS_START", /none of/, /as-left/],
    [{ BELLOWS_DEMO_RATE: "0" }, "BELLOWS_DEMO_RATE", /not a rate/, /above 0/],
    [{ BELLOWS_DEMO_EPOCH: "10ms" }, "BELLOWS_DEMO_EPOCH", /too short/, /from 1s/],
    [{ BELLOWS_DATA_DIR: "/tmp/\u0000" }, "BELLOWS_DATA_DIR", /not a path/, /folder/],
  ];

  it.each(wrong)("%j is refused with name, reason and remedy", (env, name, reason, fix) => {
    const problems = problemsOf(() => readSettings({ env, flags: {} }));
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatchObject({
      name,
      reason: expect.stringMatching(reason),
      fix: expect.stringMatching(fix),
    });
  });

  it("becomes a CONFIG_INVALID error that a person can act on", () => {
    expect(() => readSettings({ env: { MAX_CONCURRENCY: "lots" }, flags: {} })).toThrowError(
      expect.objectContaining({
        code: "CONFIG_INVALID",
        actor: "user",
        message: 'MAX_CONCURRENCY "lots" is not a whole number',
        help: "Write a number from 1 to 256",
      }),
    );
  });

  it("is reported together with all the others", () => {
    const env = { AITBC_COORDINATOR_URL: "nowhere", MAX_CONCURRENCY: "0", GPU_BACKEND: "rocm" };
    const problems = problemsOf(() => load(env));
    expect(problems.map((problem) => problem.name)).toEqual([
      "AITBC_COORDINATOR_URL",
      "GPU_BACKEND",
      "MAX_CONCURRENCY",
      "AITBC_COORDINATOR_KEY",
    ]);
  });

  it("is not reported as missing as well", () => {
    const problems = problemsOf(() =>
      load({ AITBC_COORDINATOR_URL: "nowhere", AITBC_API_KEY: "miner_key_0123456789" }),
    );
    expect(problems).toMatchObject([{ name: "AITBC_COORDINATOR_URL", value: "nowhere" }]);
  });

  it.each([
    ["", /is missing/],
    ["eleven_char", /shorter than 12/],
  ])("of the key's passphrase (%j) is reported with the rest and never shown", (passphrase, reason) => {
    const problems = problemsOf(() =>
      load({ ...AICF, MAX_CONCURRENCY: "0", BELLOWS_KEY_PASSPHRASE: passphrase }),
    );
    expect(problems).toMatchObject([
      { name: "MAX_CONCURRENCY" },
      { name: "BELLOWS_KEY_PASSPHRASE", value: null, reason: expect.stringMatching(reason) },
    ]);
    expect(JSON.stringify(problems)).not.toContain("eleven_char");
  });

  it.each([
    ["AITBC_GPU_URL", "8101"],
    ["AITBC_COORDINATOR_URL", "8203"],
    ["AITBC_RPC_URL", "8202"],
    ["AICF_QUEUE_URL", "8700"],
    ["RPC_URL", "8545"],
  ])("of %s is answered with an example of that very service", (name, port) => {
    const [problem] = problemsOf(() => readSettings({ env: { [name]: "nowhere" }, flags: {} }));
    expect(problem?.fix).toContain(`http://127.0.0.1:${port}`);
  });

  it("is named as a flag when it came from one", () => {
    const problems = problemsOf(() =>
      readSettings({ env: { BELLOWS_PORT: "7117" }, flags: { controlPort: "x" } }),
    );
    expect(problems).toMatchObject([{ name: "--port", value: "x" }]);
  });

  it("of a secret is not repeated", () => {
    const key = "sekrit with a space";
    const thrown = problemsOf(() => readSettings({ env: { AITBC_API_KEY: key }, flags: {} }));
    expect(JSON.stringify(thrown)).not.toContain("sekrit");
  });

  it("makes no folder before everything is right", () => {
    const folder = path.join(data, "never");
    expect(() => load({ ...AICF, MAX_CONCURRENCY: "0" }, { dataFolder: folder })).toThrow(ConfigError);
    expect(fs.existsSync(folder)).toBe(false);
  });
});

describe("what belongs together", () => {
  it.each([
    [{ AITBC_COORDINATOR_URL: AITBC.AITBC_COORDINATOR_URL }, "AITBC_COORDINATOR_KEY"],
    [{ AITBC_API_KEY: AITBC.AITBC_API_KEY, ...AICF }, "AITBC_COORDINATOR_URL"],
    [{ ...AITBC, PROVIDER_ID: "prov_1" }, "AICF_QUEUE_URL"],
  ])("%j misses %s", (env, missing) => {
    expect(problemsOf(() => load(env))).toMatchObject([{ name: missing, value: null }]);
  });

  it("two names of one key must not contradict each other", () => {
    const problems = problemsOf(() => load({ ...AITBC, AITBC_COORDINATOR_KEY: "another-key" }));
    expect(problems).toMatchObject([
      { name: "AITBC_COORDINATOR_KEY", reason: expect.stringContaining("AITBC_API_KEY") },
    ]);
    expect(load({ ...AITBC, AITBC_COORDINATOR_KEY: AITBC.AITBC_API_KEY }).markets.aitbc).not.toBeNull();
  });
});

describe("the mode", () => {
  it.each([
    [{}, {}, "demo"],
    [{ AITBC_COORDINATOR_URL: " " }, {}, "demo"],
    [AITBC, {}, "live"],
    [AICF, {}, "live"],
    [{}, { aicfQueueUrl: "http://127.0.0.1:8700" }, "live"],
    [{ MAX_CONCURRENCY: "2" }, {}, "demo"],
  ] as const)("of %j and flags %j is %s", (env, flags, mode) => {
    expect(chooseMode({ env, flags })).toBe(mode);
  });
});

describe("AICF's provider guide", () => {
  const GUIDE = [
    ...["RPC_URL", "CHAIN_ID", "AICF_QUEUE_URL", "AICF_RPC_WS", "PROVIDER_ID", "PROVIDER_SECRET"],
    ...["PROVIDER_NAME", "PROVIDER_REGION", "PROVIDER_ENDPOINT", "GPU_BACKEND", "CUDA_VISIBLE_DEVICES"],
    ...["MAX_CONCURRENCY", "BATCH_SIZE", "MPS_ENABLE", "MODEL_ALLOWLIST", "MODEL_DIR", "DISK_CACHE_DIR"],
    ...["JOB_LEASE_SEC", "JOB_MAX_RUNTIME_SEC", "HEARTBEAT_SEC", "METRICS_PORT", "LOG_LEVEL"],
  ];

  it.each(GUIDE)("has %s, and so has Bellows", (name) => {
    expect(Object.values(SETTINGS).map(({ env }) => env)).toContain(name);
  });

  it("says how often to beat, how long a lease and a job may be, and which GPUs work", () => {
    const given = {
      ...AICF,
      HEARTBEAT_SEC: "10",
      JOB_LEASE_SEC: "120",
      JOB_MAX_RUNTIME_SEC: "60",
      CUDA_VISIBLE_DEVICES: "0, GPU-5e1a8f0c",
    };
    expect(load(given)).toMatchObject({
      visibleGpus: ["0", "GPU-5e1a8f0c"],
      jobMaxRuntimeMs: 60_000,
      markets: { aicf: { heartbeatMs: 10_000, leaseMs: 120_000 } },
    });
    const { visibleGpus, jobMaxRuntimeMs, markets } = load(AICF);
    expect({ visibleGpus, jobMaxRuntimeMs, beat: markets.aicf?.heartbeatMs }).toEqual({});
  });

  it("lets the node alone be read for a provider that is named", () => {
    const node = { RPC_URL: "http://127.0.0.1:8545", PROVIDER_ID: "prov_01ce5b7f" };
    expect(chooseMode({ env: node, flags: {} })).toBe("live");
    expect(load(node).markets.aicf).toMatchObject({
      queueUrl: null,
      rpcUrl: node.RPC_URL,
      providerId: node.PROVIDER_ID,
    });
    expect(chooseMode({ env: { RPC_URL: node.RPC_URL }, flags: {} }), "nobody is named").toBe("demo");
  });
});
