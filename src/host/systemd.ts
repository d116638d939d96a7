/**
 * The service manager's notification socket (sd_notify(3)): one datagram for each change of state, and one now and then
 * that says that this process is alive. Node speaks no Unix datagrams, so libc is called directly.
 */
import { createRequire } from "node:module";
import { MICROSECOND, MILLISECOND } from "../shared/durations.ts";

const AF_UNIX = 1;
const SOCK_DGRAM = 2;
const SOCK_CLOEXEC = 0o2000000;
const MSG_DONTWAIT = 0x40;
const MSG_NOSIGNAL = 0x4000;
/** `sun_path` of sockaddr_un, with its closing zero. */
const LONGEST_PATH = 108;

const LIBRARIES = ["libc.so.6", "libc.musl-x86_64.so.1", "libc.musl-aarch64.so.1"] as const;

export interface ServiceManager extends Disposable {
  /** `READY=1`, `STATUS=…`, `STOPPING=1`: one or more lines. Never throws: nobody may be listening any more. */
  notify(...lines: string[]): void;
  /** Half the interval within which the manager wants a sign of life, ms; null: it wants none. */
  readonly watchdogMs: number | null;
}

interface Where {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly pid: number;
  readonly platform: NodeJS.Platform;
}

/** null: no service manager asked to be told. */
export function openServiceManager({ env, pid, platform }: Where): ServiceManager | null {
  const socket = env.NOTIFY_SOCKET;
  if (!socket || platform !== "linux" || !/^[/@]/.test(socket)) return null;
  const address = addressOf(socket);
  const libc = address === null ? null : loadLibc();
  if (address === null || libc === null) return null;
  const descriptor = libc.socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return null;
  const notify = (...lines: string[]) => {
    const message = Buffer.from(lines.map(oneLine).join("\n"), "utf8");
    libc.sendto(descriptor, message, message.length, MSG_DONTWAIT | MSG_NOSIGNAL, address, address.length);
  };
  return {
    notify,
    watchdogMs: watchdogOf(env, pid),
    [Symbol.dispose]: () => void libc.close(descriptor),
  };
}

/** WATCHDOG_PID names whom it is meant for; absent: whoever reads it. */
function watchdogOf(env: Where["env"], pid: number): number | null {
  const micros = Number(env.WATCHDOG_USEC);
  if (!Number.isFinite(micros) || micros <= 0) return null;
  if (env.WATCHDOG_PID && Number(env.WATCHDOG_PID) !== pid) return null;
  return Math.max(MILLISECOND, Math.floor((micros * MICROSECOND) / 2));
}

/** A sockaddr_un; `@` at the front is the abstract name space. null: too long. */
function addressOf(socket: string): Buffer | null {
  const name = Buffer.from(socket, "utf8");
  if (name.length >= LONGEST_PATH) return null;
  const address = Buffer.alloc(2 + name.length + (socket.startsWith("@") ? 0 : 1));
  address.writeUInt16LE(AF_UNIX, 0);
  name.copy(address, 2);
  if (socket.startsWith("@")) address[2] = 0;
  return address;
}

interface Libc {
  socket(domain: number, type: number, protocol: number): number;
  sendto(fd: number, data: Buffer, size: number, flags: number, address: Buffer, length: number): number;
  close(fd: number): number;
}

/** Loaded only where a manager asked: nobody else pays for it. */
function loadLibc(): Libc | null {
  const koffi = createRequire(import.meta.url)("koffi") as typeof import("koffi");
  for (const name of LIBRARIES) {
    try {
      const library = koffi.load(name);
      return {
        socket: library.func("int socket(int domain, int type, int protocol)"),
        sendto: library.func(
          "intptr_t sendto(int fd, const void *data, size_t size, int flags, const void *address, uint32_t length)",
        ),
        close: library.func("int close(int fd)"),
      };
    } catch {
      // Another C library here: the next name.
    }
  }
  return null;
}

const oneLine = (line: string) => line.replaceAll(/[\r\n]+/g, " ");
