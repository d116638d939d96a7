// The Debian packages that Electron, a virtual display and the browser checks need; nothing on other systems.
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import { lastLines, runQuietly } from "../lib/run.mjs";
import { SetupFailure } from "./failure.mjs";

const PACKAGES = [
  "xvfb",
  "libgtk-3-0",
  "libnss3",
  "libasound2",
  "libgbm1",
  "libxss1",
  "libatk-bridge2.0-0",
  "libdrm2",
  "libnotify4",
  "libsecret-1-0",
  "dbus",
  "dbus-x11",
  "chromium",
];

// biome-ignore lint/suspicious/noTemplateCurlyInString: dpkg's own placeholders
const DPKG_FORMAT = "${Package} ${db:Status-Status}\n";

const DPKG_QUERY = "/usr/bin/dpkg-query";
const DPKG = "/usr/bin/dpkg";
const APT = "/usr/bin/apt-get";
const APT_CACHE = "/usr/bin/apt-cache";

/** dpkg's list of what is installed; it changes whenever the answer of missingPackages may. */
export const packageDatabase = "/var/lib/dpkg/status";

/** Since their 64-bit time change, Debian 13 and Ubuntu 24.04 carry some libraries under this suffix. */
const RENAMED_SUFFIX = "t64";

/** @returns true when something was installed. Throws with the one command to run where it may not install itself. */
export async function ensureSystemPackages(progress) {
  const missing = missingPackages();
  if (missing.length === 0) return false;
  if (process.getuid?.() !== 0) {
    const command = `sudo apt-get install -y --no-install-recommends ${missing.map(nameHere).join(" ")}`;
    throw new SetupFailure(
      "systemPackages",
      `The window tests need system packages that only root may install: ${command}`,
    );
  }
  const step = progress.step(`Installing ${missing.length} system packages: ${missing.join(" ")}`);
  // Finishes what an interrupted installation left half done; apt refuses to work before.
  await runQuietly(DPKG, ["--configure", "-a"], { patient: true });
  await apt(["update", "-qq"], step);
  await apt(["install", "-y", "-qq", "--no-install-recommends", ...missing.map(nameHere)], step);
  step.done("System packages are in place");
  return true;
}

export function missingPackages() {
  if (!isDebian()) return [];
  const names = PACKAGES.flatMap((name) => [name, name + RENAMED_SUFFIX]);
  const { stdout } = spawnSync(DPKG_QUERY, ["-W", "-f", DPKG_FORMAT, ...names], {
    encoding: "utf8",
  });
  const installed = new Set();
  for (const line of stdout.split("\n")) {
    const [name, status] = line.split(" ");
    if (status === "installed") installed.add(name);
  }
  return PACKAGES.filter((name) => !installed.has(name) && !installed.has(name + RENAMED_SUFFIX));
}

export const isDebian = () => process.platform === "linux" && fs.existsSync(APT) && fs.existsSync(DPKG_QUERY);

function nameHere(name) {
  const renamed = name + RENAMED_SUFFIX;
  const { status } = spawnSync(APT_CACHE, ["show", "-q", renamed], { stdio: "ignore" });
  return status === 0 ? renamed : name;
}

async function apt(args, step) {
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  const options = ["-o", "DPkg::Lock::Timeout=120", "-o", "Dpkg::Use-Pty=0"];
  const { code, output } = await runQuietly(APT, [...options, ...args], {
    env,
    patient: true,
    onLine: (line) => step.report(line.slice(0, 70)),
  });
  if (code === 0) return;
  const cause = output.split("\n").find((line) => line.startsWith("E:")) ?? lastLines(output, 1);
  throw new SetupFailure(
    "systemPackages",
    `apt-get ${args[0]} failed (${cause.replace(/^E:\s*/, "").trim()}): check the network and apt's sources, then run this again.`,
  );
}
