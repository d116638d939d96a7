// Writes resources/llama.json, the pinned packages of llama.cpp, for a version of node-llama-cpp:
//   node scripts/llama-list.mjs 3.21.1
// npm decides the versions of what it needs; every package is fetched once and measured.
import { createHash } from "node:crypto";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { readJson, writeJson } from "./lib/files.mjs";
import { inRepo } from "./lib/paths.mjs";
import { runNpm } from "./setup/npm.mjs";

/** The builds that are offered, fastest first. CUDA's other one is for driver and libraries older than ours. */
const BUILDS = {
  "linux-x64": { cuda: "linux-x64-cuda", vulkan: "linux-x64-vulkan", cpu: "linux-x64" },
  "linux-arm64": { cpu: "linux-arm64" },
  "win32-x64": { cuda: "win-x64-cuda", vulkan: "win-x64-vulkan", cpu: "win-x64" },
  "win32-arm64": { cpu: "win-arm64" },
  "darwin-x64": { cpu: "mac-x64" },
  "darwin-arm64": { cpu: "mac-arm64-metal" },
};

const [version] = process.argv.slice(2);
if (!version) throw new Error("Which version of node-llama-cpp?");
const folder = fs.mkdtempSync(path.join(os.tmpdir(), "llama-list-"));
try {
  writeJson(path.join(folder, "package.json"), {
    private: true,
    dependencies: { "node-llama-cpp": version },
  });
  await npm(["install", "--package-lock-only", "--ignore-scripts", "--no-audit", "--no-fund"]);
  const locked = Object.entries(readJson(path.join(folder, "package-lock.json")).packages);
  const needed = locked.filter(([place, { optional }]) => place !== "" && !optional);
  const common = [];
  for (const [place, entry] of needed) common.push(await measure(place, entry));
  const builds = [];
  for (const [system, ids] of Object.entries(BUILDS)) {
    const [platform, arch] = system.split("-");
    for (const [id, name] of Object.entries(ids)) {
      const place = `node_modules/@node-llama-cpp/${name}`;
      const entry = locked.find(([each]) => each === place)?.[1];
      if (entry === undefined) throw new Error(`The registry has no ${name} ${version}`);
      builds.push({ id, platform, arch, package: await measure(place, entry) });
    }
  }
  writeJson(inRepo("resources", "llama.json"), { version: 1, llama: version, packages: common, builds });
} finally {
  fs.rmSync(folder, { recursive: true, force: true });
}

/** `place`: where it lies in the installation; a package of a package lies within it. */
async function measure(place, { version: packageVersion, integrity, license }) {
  const name = place.slice(place.lastIndexOf("node_modules/") + "node_modules/".length);
  const output = await npm(["pack", `${name}@${packageVersion}`, "--silent"]);
  const file = path.join(folder, output.trim().split("\n").at(-1));
  const archive = fs.readFileSync(file);
  fs.rmSync(file);
  const sha512 = createHash("sha512").update(archive).digest("base64");
  if (integrity !== `sha512-${sha512}`) throw new Error(`${name} is not what npm's list says`);
  return {
    path: place,
    name,
    version: packageVersion,
    licence: license ?? "?",
    bytes: archive.length,
    sha512,
  };
}

async function npm(args) {
  const { code, output } = await runNpm(args, { cwd: folder });
  if (code !== 0) throw new Error(output);
  return output;
}
