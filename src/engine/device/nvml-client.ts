/**
 * NVML, asked through its helper process: no process per question, and none of ours dies with the driver. A helper
 * that hangs is killed, one that crashed is told as such; the next read starts another.
 */
import type { ManagedProcess, ProcessHost } from "../../host/process-host.ts";
import { SECOND } from "../../shared/durations.ts";
import { type FromNvml, FromNvmlSchema, type ToNvml } from "../../shared/gpu/nvml-protocol.ts";
import type { GpuTable } from "../../shared/gpu/reading.ts";
import { withoutSecrets } from "../../shared/secret-variables.ts";
import { type GpuSource, NoNvidiaDriver } from "./gpu-source.ts";

/** A driver that wakes a sleeping GPU takes seconds; one that hangs takes for ever. */
const TIMEOUT = 5 * SECOND;

export interface NvmlOptions {
  readonly host: ProcessHost;
  /** Entry of the helper process, absolute. */
  readonly entry: string;
  /** Library files to try; default: where each platform has it. */
  readonly libraries?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly timeoutMs?: number;
}

export class NvmlClient implements GpuSource {
  readonly #options: NvmlOptions;
  #helper: ManagedProcess | null = null;
  /** The end of the queue: the helper answers one question at a time. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(options: NvmlOptions) {
    this.#options = options;
  }

  /** Null while there is no helper process. */
  get pid(): number | null {
    return this.#helper?.pid ?? null;
  }

  read(signal?: AbortSignal): Promise<GpuTable> {
    const work = this.#turn.then(() => this.#read(signal));
    this.#turn = work.catch(() => undefined); // The caller gets the error; the queue goes on.
    return work;
  }

  close(): void {
    const helper = this.#helper;
    this.#helper = null;
    helper?.post({ type: "shutdown" } satisfies ToNvml);
    // A helper stuck in the driver does not read its messages; SIGTERM would wait for it as well.
    if (helper) endLater(helper);
  }

  async #read(signal?: AbortSignal): Promise<GpuTable> {
    signal?.throwIfAborted();
    const helper = this.#helper ?? (await this.#open(signal));
    const answer = await this.#ask(helper, { type: "read" }, signal);
    if (answer.type === "table") return answer.table;
    this.close();
    throw new NoNvidiaDriver(answer.type === "unavailable" ? answer.reason : "NVML gave no reading");
  }

  async #open(signal?: AbortSignal): Promise<ManagedProcess> {
    const { host, entry, env = {}, libraries = [] } = this.#options;
    const helper = host.spawn({ name: "nvml", entry, env: { ...withoutSecrets(), ...env } });
    this.#helper = helper;
    void helper.exited.then(() => {
      if (this.#helper === helper) this.#helper = null;
    });
    const answer = await this.#ask(helper, { type: "open", libraries: [...libraries] }, signal);
    if (answer.type === "opened") return helper;
    this.close();
    if (answer.type !== "unavailable") throw new NoNvidiaDriver("NVML did not open");
    throw new NoNvidiaDriver(answer.reason, { absent: answer.code === null });
  }

  /** Whatever goes wrong ends the helper: its next answer would be to a question nobody asks any more. */
  #ask(helper: ManagedProcess, question: ToNvml, signal?: AbortSignal): Promise<FromNvml> {
    const { timeoutMs = TIMEOUT } = this.#options;
    return new Promise((resolve, reject) => {
      const settle = (act: () => void) => {
        clearTimeout(timer);
        stop();
        signal?.removeEventListener("abort", onAbort);
        act();
      };
      const giveUp = (reason: unknown) =>
        settle(() => {
          this.#drop(helper);
          reject(reason);
        });
      const onAbort = () => giveUp(signal?.reason);
      const timer = setTimeout(
        () => giveUp(new NoNvidiaDriver(`NVML gave no answer within ${timeoutMs / SECOND} s`)),
        timeoutMs,
      );
      const stop = helper.onMessage((message) => {
        const answer = FromNvmlSchema.safeParse(message);
        if (answer.success) settle(() => resolve(answer.data));
        else giveUp(new NoNvidiaDriver("The NVML helper sent a message that can't be read"));
      });
      void helper.exited.then((exit) => giveUp(new NoNvidiaDriver(crashed(exit))));
      signal?.addEventListener("abort", onAbort, { once: true });
      helper.post(question);
    });
  }

  #drop(helper: ManagedProcess): void {
    if (this.#helper === helper) this.#helper = null;
    helper.kill("SIGKILL");
  }
}

const END_PATIENCE = SECOND;

function endLater(helper: ManagedProcess): void {
  const timer = setTimeout(() => helper.kill("SIGKILL"), END_PATIENCE);
  void helper.exited.then(() => clearTimeout(timer));
}

function crashed({ code, signal }: { code: number | null; signal: string | null }): string {
  return `The NVML helper ended unexpectedly (${signal ?? (code === null ? "it could not be started" : `exit code ${code}`)})`;
}
