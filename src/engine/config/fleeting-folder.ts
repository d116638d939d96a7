/** A data folder that goes with its container takes the provider key along: whether this is one, from the kernel's own list of mounts. */
import fs from "node:fs";
import path from "node:path";

/**
 * container: a layer of the container itself. volume: one that the engine made for want of a name, which `--rm` removes
 * and no other container finds. pod: Kubernetes' emptyDir.
 */
export type Fleeting = "container" | "volume" | "pod";

const UNNAMED_VOLUME = /\/volumes\/[0-9a-f]{64}(\/_data)?$/;
const EMPTY_DIR = /\/kubernetes\.io~empty-dir\//;
const CONTAINER_MARKS = ["/.dockerenv", "/run/.containerenv"];

/** Docker, Podman and Kubernetes: its system's own files come with the image. */
export function isInContainer(env: NodeJS.ProcessEnv = process.env): boolean {
  return env.KUBERNETES_SERVICE_HOST !== undefined || CONTAINER_MARKS.some((mark) => fs.existsSync(mark));
}

/** null: it stays, or nothing can be told. Never throws. */
export function fleetingFolder(folder: string): Fleeting | null {
  try {
    const mounts = fs.readFileSync("/proc/self/mountinfo", "utf8");
    return placeIn(
      mounts,
      fs.realpathSync(folder),
      CONTAINER_MARKS.some((mark) => fs.existsSync(mark)),
    );
  } catch {
    return null;
  }
}

/** Of the text of /proc/self/mountinfo (proc_pid_mountinfo(5)). */
export function placeIn(mountinfo: string, folder: string, isContainer: boolean): Fleeting | null {
  // Of two mounts on one place the later one is seen.
  const mount = mountinfo
    .split("\n")
    .flatMap((line) => mountOf(line) ?? [])
    .filter(({ at }) => isWithin(folder, at))
    .reduce<Mount | null>(
      (best, each) => (best === null || each.at.length >= best.at.length ? each : best),
      null,
    );
  if (mount === null) return null;
  if (UNNAMED_VOLUME.test(mount.root)) return "volume";
  if (EMPTY_DIR.test(mount.root)) return "pod";
  return isContainer && mount.at === "/" && mount.type === "overlay" ? "container" : null;
}

interface Mount {
  /** Of the file system, what is mounted. */
  readonly root: string;
  readonly at: string;
  readonly type: string;
}

function mountOf(line: string): Mount | null {
  const [before = "", after = ""] = line.split(" - ");
  const [, , , root, at] = before.split(" ");
  const [type] = after.split(" ");
  if (root === undefined || at === undefined || !type) return null;
  return { root: plain(root), at: plain(at), type };
}

/** Blanks and the like stand there in octal. */
const plain = (text: string) =>
  text.replaceAll(/\\(\d{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));

const isWithin = (folder: string, at: string) =>
  at === "/" || folder === at || folder.startsWith(at + path.posix.sep);
