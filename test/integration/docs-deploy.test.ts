/** docs/deploy.md and docs/operations.md, typed: what can run here runs as it stands there, the rest names only what there is. */
import { execFile, spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { MINUTE } from "../../src/shared/durations.ts";
import { guideBlock } from "../support/aicf-guide.ts";
import { bellows } from "../support/bellows.ts";
import { bellowsOnPath, linkCheckout, writeBellows } from "../support/checkout.ts";
import { CHAIN_ID, devnet, MINER_API_KEY } from "../support/devnet.ts";
import { shellBlocks } from "../support/doc-blocks.ts";
import { suiteFolder, tempFolder } from "../support/temp-folder.ts";

const REPOSITORY = fileURLToPath(new URL("../../", import.meta.url));
const COMPOSE = "resources/deploy/docker/compose.yaml";
const blocks = ["docs/deploy.md", "docs/operations.md"].flatMap((page) =>
  shellBlocks(page).map((block) => ({ page: path.basename(page), ...block })),
);
const has = (program: string) => spawnSync("which", [program]).status === 0;
/** The tool that a command needs, Bellows does not bring, and this machine has not; null: it can be tried. */
function missingToolFor(command: string): string | null {
  const [program = ""] = command.split(" ");
  const needed = program === "bellows" && command.includes("--root") ? "systemctl" : program;
  return ["systemctl", "systemd-analyze", "kubectl"].includes(needed) && !has(needed) ? needed : null;
}

describe("docs/deploy.md and docs/operations.md", () => {
  describe("has every tested block run from the top of a checkout, one after another", () => {
    const tested = blocks.filter((block) => block.tested);
    const folder = suiteFolder();
    const env = () => ({ ...process.env, PATH: `${folder}/bin:${process.env.PATH}`, NO_COLOR: "1" });
    linkCheckout(path.join(folder, "checkout"));
    writeBellows(path.join(folder, "bin"));

    it("of which there are some", () => expect(tested.length).toBeGreaterThanOrEqual(4));

    // Command by command, so that a machine without a tool still tries the others, and says which it did not.
    for (const { page, line, commands } of tested) {
      for (const [at, command] of commands.split("\n").entries()) {
        const missing = missingToolFor(command);
        const title = `${page}:${line + at}: ${command}${missing === null ? "" : ` (there is no ${missing} here)`}`;
        it.skipIf(missing !== null)(title, { timeout: 2 * MINUTE }, () => {
          const { status, stdout, stderr } = spawnSync("sh", ["-euc", command], {
            cwd: path.join(folder, "checkout"),
            env: env(),
            encoding: "utf8",
          });
          expect(status, `${stderr}${stdout.slice(-1000)}`).toBe(0);
        });
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
      const service = /^docker compose .* (?:up -d|logs -f|exec(?: -T)?) ([\w-]+)/.exec(command)?.[1];
      if (service !== undefined) expect(Object.keys(services), command).toContain(service);
      const target = /--target (\w+)/.exec(command)?.[1];
      const dockerfile = readFileSync(path.join(REPOSITORY, "resources/deploy/docker/Dockerfile"), "utf8");
      if (target !== undefined) expect(dockerfile).toMatch(new RegExp(`AS ${target}$`, "m"));
    }
  });

  it("has commands of Bellows that there are", async () => {
    const text = blocks.map(({ commands }) => commands).join("\n");
    const names = [
      ...text.matchAll(/(?:^|sudo |exec (?:-T )?bellows |-- )bellows ([a-z-]+)(?: ([a-z-]+))?/gm),
    ];
    expect(names.length).toBeGreaterThan(3);
    for (const [, command = "", sub = ""] of names) {
      const help = await bellows([command, ...(sub.startsWith("-") || sub === "" ? [] : [sub]), "--help"]);
      expect(help, `bellows ${command} ${sub}`).toMatchObject({ code: 0 });
    }
  });
});

describe("a fleet's identity, as docs/operations.md has it", () => {
  it("is made on one machine: a key with a checked backup, an account that has the secret, a stake", async () => {
    const { queueUrl, nodeUrl } = (
      await devnet({ epochMs: MINUTE, minerApiKey: MINER_API_KEY, demand: null })
    ).ready;
    const [commands = ""] = blocks.flatMap((block) =>
      block.commands.startsWith("bellows identity new") ? [block.commands] : [],
    );
    const folder = tempFolder();
    const env = {
      ...process.env,
      PATH: `${bellowsOnPath()}:${process.env.PATH}`,
      NO_COLOR: "1",
      BELLOWS_DATA_DIR: path.join(folder, "data"),
      BELLOWS_KEY_PASSPHRASE: "four words for a test",
      PROVIDER_SECRET: "a-secret-of-32-characters-or-more",
      AICF_QUEUE_URL: queueUrl,
      RPC_URL: nodeUrl,
      CHAIN_ID: String(CHAIN_ID),
    };
    const { stdout } = await promisify(execFile)("sh", ["-euc", commands], { cwd: folder, env });
    expect(stdout).toContain("This backup gives the key in use.");
    expect(stdout).toContain("Staked 1000.00 ANM.");
    // A worker with the id and the secret, and a key of its own that nobody knows, is let in.
    const [provider = ""] = /prov_[0-9a-f]+/.exec(stdout) ?? [];
    const worker = { ...env, BELLOWS_DATA_DIR: path.join(folder, "worker"), PROVIDER_ID: provider };
    await bellows(["identity", "new"], worker);
    expect(await bellows(["aicf", "heartbeat"], worker)).toMatchObject({ code: 0 });
    const stranger = { ...worker, PROVIDER_SECRET: "another-secret-of-32-characters-x" };
    expect(await bellows(["aicf", "heartbeat"], stranger)).not.toMatchObject({ code: 0 });
  });
});

describe("the AICF guide's own provider.env", () => {
  const SECRET = "a-secret-of-32-characters-or-more";
  const files = (substitutions: readonly [string | RegExp, string][]) => {
    const folder = tempFolder();
    const file = path.join(folder, "provider.env");
    const text = guideBlock("provider.env", substitutions);
    writeFileSync(file, text);
    return { folder, file, lines: text.split("\n").filter((line) => /^[A-Z]/.test(line)) };
  };

  it("holds, comments behind values included, once a secret and our passphrase are in it", async () => {
    const { folder, file, lines } = files([
      [/^PROVIDER_SECRET=.*$/gm, `PROVIDER_SECRET=${SECRET}\nBELLOWS_KEY_PASSPHRASE=four words for a test`],
    ]);
    expect(lines.filter((line) => / #/.test(line)).length).toBeGreaterThan(5);
    const checked = await bellows(["config", "check", file, "--data", folder]);
    expect(checked.code, checked.stderr).toBe(0);
    // As Docker, Kubernetes and systemd hand it on: whatever stands behind the first "=".
    const env = Object.fromEntries(
      lines.map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]),
    );
    const given = await bellows(["config", "check", "--data", folder], env);
    expect(given.code, given.stderr).toBe(0);
    const printed = await bellows(["config", "print", "--data", folder], env);
    expect(printed.stdout).toMatch(/^max_concurrency = 2\nbatch_size = 8$/m);
    expect(printed.stdout).not.toContain(SECRET);
  });

  it("is refused as it stands for just that: a comment behind the secret, and no passphrase", async () => {
    const { folder, file } = files([]);
    const { code, stderr } = await bellows(["config", "check", file, "--data", folder]);
    expect(code).toBe(2);
    expect(stderr.trim().split("\n")).toEqual([
      "Error: 2 settings are wrong.",
      expect.stringContaining("BELLOWS_KEY_PASSPHRASE is missing"),
      expect.stringMatching(/PROVIDER_SECRET has a comment behind it that is part of the value/),
    ]);
  });
});
