/**
 * Carries an image's steps out in folders, as root and without a container engine: each stage is a root file system of
 * its own, RUN is a chroot in it. The result is started as a container would be: read only, as its user, without rights.
 */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { environmentOf, type Stage } from "./dockerfile.ts";

export interface BuildOptions {
  readonly stages: readonly Stage[];
  readonly target: string;
  /** Image name → a root file system that stands for it. */
  readonly images: (image: string) => string;
  /** What is sent to the builder. */
  readonly context: string;
  /** Gets a folder per stage. */
  readonly folder: string;
  /** Of this machine, so that its registry is reached from inside. */
  readonly env: Readonly<Record<string, string>>;
  /** Of this machine, seen by every step at the same path: certificates, say. */
  readonly hostFiles?: readonly string[];
  readonly onStep?: (stage: string, words: string) => void;
}

/** The target's root file system. Throws with the output of a step that failed. */
export function buildImage(options: BuildOptions): string {
  const built = new Map<string, string>();
  const build = (name: string): string => {
    const done = built.get(name);
    if (done !== undefined) return done;
    const stage = options.stages.find((each) => each.name === name);
    if (stage === undefined) return options.images(name);
    const base = build(stage.base);
    for (const step of stage.steps) if (step.do === "copy" && step.from !== null) build(step.from);
    const root = path.join(options.folder, name);
    copy([`${base}/.`], root);
    built.set(name, root);
    carryOut(stage, root, options, built);
    return root;
  };
  return build(options.target);
}

function carryOut(stage: Stage, root: string, options: BuildOptions, built: Map<string, string>): void {
  let { env, workdir } = inherited(stage, options.stages);
  for (const step of stage.steps) {
    options.onStep?.(stage.name, JSON.stringify(step).slice(0, 200));
    switch (step.do) {
      case "env":
        env = { ...env, ...step.values };
        break;
      case "workdir":
        workdir = step.path;
        mkdirSync(path.join(root, workdir), { recursive: true });
        break;
      case "copy": {
        const from = step.from === null ? options.context : (built.get(step.from) ?? "");
        const into = path.join(root, path.posix.resolve(workdir, step.to));
        for (const source of step.sources) copyAsDocker(path.join(from, source), into, step.to.endsWith("/"));
        break;
      }
      case "run":
        run(root, step.command, workdir, { ...env, ...options.env }, options.hostFiles ?? []);
        break;
      default: // What holds when it is started changes no file.
    }
  }
}

/** Where a stage that builds on another one begins. */
function inherited(stage: Stage, stages: readonly Stage[]): { env: Record<string, string>; workdir: string } {
  const base = stages.find(({ name }) => name === stage.base);
  if (base === undefined) return { env: { PATH: DEFAULT_PATH }, workdir: "/" };
  const before = inherited(base, stages);
  const workdir = base.steps.findLast((step) => step.do === "workdir");
  return {
    env: { ...before.env, ...environmentOf(base) },
    workdir: workdir?.do === "workdir" ? workdir.path : before.workdir,
  };
}

const DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** A folder's contents go into the target, a file keeps its name where the target ends with a slash. */
function copyAsDocker(source: string, target: string, intoFolder: boolean): void {
  if (statSync(source).isDirectory()) copy([`${source}/.`], target);
  else {
    const file = intoFolder ? path.join(target, path.basename(source)) : target;
    mkdirSync(path.dirname(file), { recursive: true });
    copy([source], file);
  }
}

function copy(sources: readonly string[], target: string): void {
  if (sources[0]?.endsWith("/.")) mkdirSync(target, { recursive: true });
  const { status, stderr } = spawnSync(
    "cp",
    ["-a", "--reflink=auto", "--no-preserve=ownership", ...sources, target],
    {
      encoding: "utf8",
    },
  );
  if (status !== 0) throw new Error(stderr);
}

function run(
  root: string,
  command: string,
  workdir: string,
  env: Readonly<Record<string, string>>,
  hostFiles: readonly string[],
): void {
  const shared = ["/etc/resolv.conf", "/etc/hosts", ...hostFiles].filter((file) => existsSync(file));
  const mounts = shared.map(
    (file) => `mkdir -p "$1${path.dirname(file)}"; touch "$1${file}"; mount --bind '${file}' "$1${file}"`,
  );
  const { status, stdout, stderr } = spawnSync(
    "unshare",
    ["--mount", "--pid", "--fork", "sh", "-ec", RUN, "sh", root],
    {
      encoding: "utf8",
      env: {
        PATH: DEFAULT_PATH,
        STEP: `cd '${workdir}' && ${command}`,
        STEP_ENV: assignments(env),
        HOST: mounts.join("\n"),
      },
      maxBuffer: 64 * 1024 * 1024,
    },
  );
  if (status !== 0) throw new Error(`${command}\nfailed (${status}):\n${(stdout + stderr).slice(-4000)}`);
}

/** The mounts live in a namespace of their own and are gone with it. */
const MOUNTS = `mount --make-rprivate /
mount --bind "$1" "$1"
mount --rbind /dev "$1/dev"
mount -t proc proc "$1/proc"`;
const RUN = `${MOUNTS}
eval "$HOST"
exec chroot "$1" /usr/bin/env -i sh -ec "$STEP_ENV
$STEP"`;

function assignments(env: Readonly<Record<string, string>>): string {
  return Object.entries(env)
    .map(([name, value]) => `export ${name}='${value.replaceAll("'", "'\\''")}'`)
    .join("\n");
}

export interface ContainerOptions {
  readonly root: string;
  readonly stage: Stage;
  readonly env: Readonly<Record<string, string>>;
  /** Folder of this machine → where it is mounted, writable. */
  readonly volumes: Readonly<Record<string, string>>;
}

/** Without any right, on a root that can't be written to; /tmp is its own. */
const START = `${MOUNTS}
mount -t tmpfs tmpfs "$1/tmp"
chmod 1777 "$1/tmp"
eval "$VOLUMES"
mount -o remount,bind,ro "$1"
exec chroot "$1" /usr/bin/setpriv --reuid="$USER_ID" --regid="$GROUP_ID" --clear-groups --no-new-privs --bounding-set=-all \
  /usr/bin/env -i sh -c "$STEP_ENV
cd /opt/bellows && exec $WORDS"`;

/** Starts `words` in the container: its entry point and command, its health check, or a command beside them. */
export function startIn(container: ContainerOptions, words: readonly string[]): ChildProcess {
  const { root, stage, env, volumes } = container;
  const user = stage.steps.findLast((step) => step.do === "user");
  const [userId = "0", groupId = "0"] = (user?.do === "user" ? user.user : "0:0").split(":");
  const mounts = Object.entries(volumes).map(([from, to]) => `mount --bind '${from}' "$1${to}"`);
  // Each program becomes the next, so that a signal to the child is one to the container.
  return spawn("unshare", ["--mount", "sh", "-ec", START, "sh", root], {
    env: {
      PATH: DEFAULT_PATH,
      VOLUMES: mounts.join("\n"),
      USER_ID: userId,
      GROUP_ID: groupId,
      STEP_ENV: assignments({ PATH: DEFAULT_PATH, ...environmentOf(stage), ...env }),
      WORDS: words.map((word) => `'${word}'`).join(" "),
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
}

/** A minimal Debian with Node and npm where the official image has them. Made once, taken from `folder` afterwards. */
export function nodeImage(folder: string, node: string, npmFolder: string): string {
  const root = path.join(folder, "node-bookworm-slim");
  const done = path.join(folder, "node-bookworm-slim.done");
  if (existsSync(done)) return root;
  rmSync(root, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const { status, stdout } = spawnSync("debootstrap", ["--variant=minbase", "bookworm", root], {
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(`debootstrap failed:\n${stdout.slice(-2000)}`);
  const local = path.join(root, "usr/local");
  cpSync(node, path.join(local, "bin/node"));
  cpSync(npmFolder, path.join(local, "lib/node_modules/npm"), { recursive: true });
  writeFileSync(
    path.join(local, "bin/npm"),
    '#!/bin/sh\nexec node /usr/local/lib/node_modules/npm/bin/npm-cli.js "$@"\n',
    { mode: 0o755 },
  );
  writeFileSync(done, readdirSync(root).join("\n"));
  return root;
}

/** The same Debian without Node and npm: for a base that brings neither. */
export function bareImage(nodeRoot: string, folder: string): string {
  const root = path.join(folder, "bare");
  copy([`${nodeRoot}/.`], root);
  for (const gone of ["bin/node", "bin/npm", "lib/node_modules"])
    rmSync(path.join(root, "usr/local", gone), { recursive: true });
  return root;
}
