/**
 * Machines that are none: network namespaces with addresses of their own, joined by a bridge, so that a link can be
 * cut as a cable is. Linux as root only.
 */
import { spawnSync } from "node:child_process";
import { connect, createServer, type Server, type Socket } from "node:net";
import { onTestFinished } from "./side-by-side.ts";

const IP = "/usr/sbin/ip";

export interface Machine {
  readonly address: string;
  /** How a program is started on it: put in front of its own command line. */
  readonly exec: readonly [string, ...string[]];
  cut(): void;
  mend(): void;
}

/** False where the system does not let us. */
export function canMakeNetwork(): boolean {
  if (process.platform !== "linux" || process.getuid?.() !== 0) return false;
  const probe = `bwp${process.pid}`;
  const made = spawnSync(IP, ["link", "add", probe, "type", "bridge"]).status === 0;
  if (made) spawnSync(IP, ["link", "del", probe]);
  return made && spawnSync(IP, ["netns", "list"]).status === 0;
}

export class Network {
  /** This machine's address on it. */
  readonly gateway: string;
  readonly #bridge = `bw${process.pid % 100_000}b`;
  readonly #prefix: string;
  #machines = 0;

  constructor() {
    this.#prefix = `10.${64 + (process.pid % 64)}.${(process.pid >> 6) % 256}`;
    this.gateway = `${this.#prefix}.1`;
    ip("link", "add", this.#bridge, "type", "bridge");
    onTestFinished(() => quietly("link", "del", this.#bridge));
    ip("addr", "add", `${this.gateway}/24`, "dev", this.#bridge);
    ip("link", "set", this.#bridge, "up");
  }

  machine(): Machine {
    const number = ++this.#machines;
    const name = `bw${process.pid % 100_000}n${number}`;
    const [outside, inside] = [`bw${process.pid % 100_000}v${number}`, "eth0"];
    const address = `${this.#prefix}.${number + 1}`;
    ip("netns", "add", name);
    onTestFinished(() => {
      // The cable first: a connection that is still closing would keep it for minutes.
      quietly("link", "del", outside);
      quietly("netns", "del", name);
    });
    ip("link", "add", outside, "type", "veth", "peer", "name", inside, "netns", name);
    ip("link", "set", outside, "master", this.#bridge, "up");
    ip("-n", name, "addr", "add", `${address}/24`, "dev", inside);
    ip("-n", name, "link", "set", inside, "up");
    ip("-n", name, "link", "set", "lo", "up");
    return {
      address,
      exec: [IP, "netns", "exec", name],
      cut: () => ip("link", "set", outside, "down"),
      mend: () => ip("link", "set", outside, "up"),
    };
  }
}

/** Lets the machines of a network reach a service that listens on loopback only, at the gateway's same port. */
export async function publish(network: Network, url: string): Promise<string> {
  const port = Number(new URL(url).port);
  const sockets = new Set<Socket>();
  const server: Server = createServer((near) => {
    const far = connect(port, "127.0.0.1");
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(one);
      one.on("error", () => other.destroy());
      one.on("close", () => {
        sockets.delete(one);
        other.destroy();
      });
      one.pipe(other);
    }
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, network.gateway, resolve);
  });
  onTestFinished(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return `http://${network.gateway}:${port}`;
}

function ip(...args: string[]): void {
  const { status, stderr } = spawnSync(IP, args, { encoding: "utf8" });
  if (status !== 0) throw new Error(`ip ${args.join(" ")}: ${stderr}`);
}

function quietly(...args: string[]): void {
  spawnSync(IP, args);
}
