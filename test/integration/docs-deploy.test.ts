/** docs/deploy.md, typed: what can run here runs as it stands there, the rest names only what there is. */
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { MINUTE } from "../../src/shared/durations.ts";
import { bellows } from "../support/bellows.ts";
import { bellowsOnPath, checkout } from "../support/checkout.ts";
import { shellBlocks } from "../support/doc-blocks.ts";
import { tempFolder } from "../support/temp-folder.ts";

const REPOSITORY = fileURLToPath(new URL("../../", import.meta.url));
const COMPOSE = "resources/deploy/docker/compose.yaml";
const blocks = shellBlocks("docs/deploy.md");
const has = (program: string) => spawnSync("which", [program]).status === 0;
/** Some commands need a tool that Bellows does not bring. */
function missingToolFor(command: string): boolean {
  const [program = ""] = command.split(" ");
  if (program === "bellows") return command.includes("--root") && !has("systemctl");
  return ["systemd-analyze", "kubectl"].includes(program) && !has(program);
}

describe("docs/deploy.md", () => {
  it("has every tested block run from the top of a checkout, one after another", {
    timeout: 2 * MINUTE,
  }, () => {
    const tested = blocks.filter((block) => block.tested);
    expect(tested.length).toBeGreaterThanOrEqual(4);
    const folder = checkout();
    const env = { ...process.env, PATH: `${bellowsOnPath()}:${process.env.PATH}`, NO_COLOR: "1" };
    for (const { line, commands } of tested) {
      // Command by command, so that a machine without a tool still tries the others.
      for (const command of commands.split("\n")) {
        if (missingToolFor(command)) continue;
        const { status, stdout, stderr } = spawnSync("sh", ["-euc", command], {
          cwd: folder,
          env,
          encoding: "utf8",
        });
        expect(status, `deploy.md:${line}: ${command}\n${stderr}${stdout.slice(-1000)}`).toBe(0);
      }
    }
  });

  it("names only files, overlays and services that there are in the other blocks", () => {
    const { services } = parse(readFileSync(path.join(REPOSITORY, COMPOSE), "utf8"), { merge: true }) as {
      services: Record<string, unknown>;
    };
    const others = blocks.filter(({ tested }) => !tested).flatMap(({ commands }) => commands.split("\n"));
    expect(others.length).toBeGreaterThan(8);
    for (const command of others) {
      for (const [file] of command.matchAll(/resources\/[\w./-]+/g))
        expect(existsSync(path.join(REPOSITORY, file)), command).toBe(true);
      const service = /^docker compose .* (?:up -d|logs -f|exec) ([\w-]+)/.exec(command)?.[1];
      if (service !== undefined) expect(Object.keys(services), command).toContain(service);
      const target = /--target (\w+)/.exec(command)?.[1];
      const dockerfile = readFileSync(path.join(REPOSITORY, "resources/deploy/docker/Dockerfile"), "utf8");
      if (target !== undefined) expect(dockerfile).toMatch(new RegExp(`AS ${target}$`, "m"));
    }
  });

  it("has commands of Bellows that there are", async () => {
    const text = blocks.map(({ commands }) => commands).join("\n");
    const names = [...text.matchAll(/(?:^|sudo |exec bellows )bellows ([a-z-]+)(?: ([a-z-]+))?/gm)];
    expect(names.length).toBeGreaterThan(3);
    for (const [, command = "", sub = ""] of names) {
      const help = await bellows([command, ...(sub.startsWith("-") || sub === "" ? [] : [sub]), "--help"]);
      expect(help, `bellows ${command} ${sub}`).toMatchObject({ code: 0 });
    }
  });
});

it("takes a provider.env as the AICF guide writes it, comments behind values included", async () => {
  const lines = [
    "# Chain",
    "RPC_URL=http://127.0.0.1:8545",
    "CHAIN_ID=1",
    "AICF_QUEUE_URL=http://127.0.0.1:8700",
    "AICF_RPC_WS=ws://127.0.0.1:8700/ws",
    "PROVIDER_ID=prov_01ce5b7f",
    "PROVIDER_SECRET=a-secret-of-32-characters-or-more",
    "GPU_BACKEND=cuda                         # cpu elsewhere",
    'CUDA_VISIBLE_DEVICES=0                   # or "0,1"',
    "MAX_CONCURRENCY=2                        # per machine",
    "BATCH_SIZE=8                             # per model",
    "MPS_ENABLE=0                             # 1: on",
    "MODEL_ALLOWLIST=text-embed-001,clip-ViT-B/32",
    "MODEL_DIR=/opt/models                    # shared",
    "DISK_CACHE_DIR=/var/cache/aicf-provider",
    "JOB_LEASE_SEC=120",
    "JOB_MAX_RUNTIME_SEC=90",
    "HEARTBEAT_SEC=15",
    "METRICS_PORT=9108",
    "LOG_LEVEL=info",
    "BELLOWS_KEY_PASSPHRASE=four words for a test",
  ];
  const folder = tempFolder();
  const file = path.join(folder, "provider.env");
  writeFileSync(file, lines.join("\n"));
  const checked = await bellows(["config", "check", file, "--data", folder]);
  expect(checked.code, checked.stderr).toBe(0);
  // As Docker, Kubernetes and systemd hand it on: whatever stands behind the first "=".
  const env = Object.fromEntries(
    lines.slice(1).map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]),
  );
  const given = await bellows(["config", "check", "--data", folder], env);
  expect(given.code, given.stderr).toBe(0);
});
