/** A root file system with systemd in it, booted beside this machine in namespaces of its own (systemd-nspawn), with its network. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { copyFileSync, readFileSync } from "node:fs";
import path from "node:path";
import { delay } from "../../src/shared/wait.ts";

const NSPAWN = ["--quiet", "--register=no", "--keep-unit"];

/** Puts systemd into a Debian root; it has to reach Debian's archive. */
export function installSystemd(root: string): void {
  copyFileSync("/etc/resolv.conf", path.join(root, "etc/resolv.conf"));
  const install =
    "apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends systemd systemd-sysv dbus";
  inRoot(root, ["sh", "-ec", install]);
}

/** Runs a command in a root that is not booted. Throws what it wrote when it fails. */
export function inRoot(root: string, command: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync("systemd-nspawn", [...NSPAWN, "-D", root, ...command], {
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(`${command.join(" ")} failed:\n${(stdout + stderr).slice(-3000)}`);
  return stdout;
}

export class BootedMachine implements AsyncDisposable {
  readonly #container: ChildProcess;
  readonly #ended: Promise<void>;

  constructor(root: string) {
    this.#container = spawn("systemd-nspawn", [...NSPAWN, "--boot", "-D", root], { stdio: "ignore" });
    this.#ended = new Promise((resolve) => this.#container.once("close", () => resolve()));
  }

  /** Runs a command in the machine; null while it can't be reached yet. */
  run(...command: string[]): { readonly status: number | null; readonly stdout: string } | null {
    const init = this.#init();
    if (init === null) return null;
    const into = ["-t", `${init}`, "-m", "-u", "-i", "-n", "-p", "-C", "--"];
    const { status, stdout } = spawnSync("nsenter", [...into, ...command], { encoding: "utf8" });
    return { status, stdout: stdout.trim() };
  }

  /** What systemd says of the service; an empty text for what it does not say. */
  property(name: string): string {
    return this.run("systemctl", "show", "bellows", "-p", name, "--value")?.stdout ?? "";
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.run("systemctl", "poweroff", "--force");
    await Promise.race([this.#ended, delay(10_000)]);
    this.#container.kill("SIGKILL");
  }

  /** Pid of the machine's systemd, seen from here. */
  #init(): number | null {
    const { pid } = this.#container;
    if (pid === undefined || this.#container.exitCode !== null) return null;
    try {
      const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim();
      return children === "" ? null : Number(children.split(" ")[0]);
    } catch {
      return null; // It has just ended.
    }
  }
}
