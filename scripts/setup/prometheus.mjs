// Prometheus and promtool for the tests of metrics, rules and dashboards: unpacked from Debian's package into the
// cache, not installed, because an installed one would start a server on this machine.
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { cacheDir } from "../lib/paths.mjs";
import { lastLines, runQuietly } from "../lib/run.mjs";
import { isDebian } from "./system-packages.mjs";

const TOOLS = ["prometheus", "promtool"];
export const prometheusDir = path.join(cacheDir, "prometheus");
const APT = "/usr/bin/apt-get";

/** True when something was fetched. Never fails: without it the tests that need it are skipped and say so. */
export async function ensurePrometheus(progress, temporaryRoot) {
  if (isPrometheusHere() || !isDebian()) return false;
  const step = progress.step("Prometheus for the tests of metrics, 20 MB");
  const folder = path.join(temporaryRoot, "prometheus");
  fs.mkdirSync(folder, { recursive: true });
  let fetched = await download(folder);
  if (fetched.code !== 0 && process.getuid?.() === 0) {
    step.report("reading the package lists");
    await runQuietly(APT, ["update", "-qq"], { patient: true });
    fetched = await download(folder);
  }
  const archive = fs.readdirSync(folder).find((name) => name.endsWith(".deb"));
  if (fetched.code !== 0 || archive === undefined) {
    step.stopped(`Prometheus can't be had (${lastLines(fetched.output, 1)}): its tests are skipped`);
    return false;
  }
  const { code, output } = await runQuietly("/usr/bin/dpkg-deb", ["-x", archive, "unpacked"], {
    cwd: folder,
  });
  if (code !== 0) {
    step.stopped(`Prometheus can't be unpacked (${lastLines(output, 1)}): its tests are skipped`);
    return false;
  }
  fs.mkdirSync(prometheusDir, { recursive: true });
  for (const tool of TOOLS) {
    fs.copyFileSync(
      path.join(folder, "unpacked", "usr", "bin", tool),
      path.join(prometheusDir, `${tool}.new`),
    );
    fs.renameSync(path.join(prometheusDir, `${tool}.new`), path.join(prometheusDir, tool));
  }
  step.done("Prometheus is in place");
  return true;
}

/** Of whatever is found first: the machine's own, or the one in the cache. null: there is none. */
export function prometheusTool(tool) {
  const own = spawnSync(tool, ["--version"], { stdio: "ignore" }).status === 0;
  const cached = path.join(prometheusDir, tool);
  return own ? tool : fs.existsSync(cached) ? cached : null;
}

const isPrometheusHere = () => TOOLS.every((tool) => prometheusTool(tool) !== null);

/** apt checks what it fetches against the signed package lists. */
function download(folder) {
  return runQuietly(APT, ["download", "-qq", "prometheus"], { cwd: folder, patient: true });
}
