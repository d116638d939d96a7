/** A market whose every answer the test decides: the port's far side, with nothing behind it. */
import type {
  AcquireWish,
  HeartbeatAck,
  JobCredit,
  Lease,
  Load,
  MarketAdapter,
  Submission,
  SubmitOutcome,
} from "../../src/engine/market/port.ts";

type Answer<T> = T | (() => T | Promise<T>);

export class ScriptedMarket implements MarketAdapter {
  readonly id = "aicf";
  readonly name = "AICF";
  readonly currency = "ANM";
  readonly endpoint = "scripted:";
  readonly capabilities = { renewableLeases: true, returnsLeases: true, longPoll: true, stake: true };
  /** Every call made, in order: "register", "heartbeat", … */
  readonly calls: string[] = [];
  readonly wishes: AcquireWish[] = [];
  readonly loads: Load[] = [];
  readonly submissions: Submission[] = [];
  readonly returned: { leaseId: string; reason: string }[] = [];
  /** The jobs whose credits were asked for, call by call. */
  readonly asked: (readonly string[])[] = [];
  readonly failures: { leaseId: string; code: string }[] = [];
  /** Answers to come, first in first out; when there are none, the quiet default. */
  readonly script: {
    probe: Answer<void>[];
    register: Answer<void>[];
    heartbeat: Answer<HeartbeatAck>[];
    acquire: Answer<readonly Lease[]>[];
    openLeases: Answer<readonly Lease[] | null>[];
    submit: Answer<SubmitOutcome>[];
    giveBack: Answer<void>[];
    fail: Answer<void>[];
    credits: Answer<readonly JobCredit[]>[];
  } = {
    probe: [],
    register: [],
    heartbeat: [],
    acquire: [],
    openLeases: [],
    submit: [],
    giveBack: [],
    fail: [],
    credits: [],
  };

  expectedNet(gross: Lease["fee"] & object) {
    return gross;
  }
  probe() {
    return this.#next("probe", undefined);
  }
  async register() {
    await this.#next("register", undefined);
    return { providerId: "prov_scripted" };
  }
  heartbeat(load: Load): Promise<HeartbeatAck> {
    this.loads.push(load);
    return this.#next("heartbeat", { intervalMs: 20, health: null });
  }
  /** Without a scripted answer it waits like a long poll, until it is aborted. */
  acquire(wish: AcquireWish, signal: AbortSignal): Promise<readonly Lease[]> {
    this.wishes.push({ ...wish, models: [...wish.models] });
    if (this.script.acquire.length > 0) return this.#next("acquire", []);
    this.calls.push("acquire");
    return new Promise((_, reject) =>
      signal.addEventListener("abort", () => reject(signal.reason), { once: true }),
    );
  }
  async renew(_lease: Pick<Lease, "leaseId">, extendMs: number) {
    this.calls.push("renew");
    return Date.now() + extendMs;
  }
  submit(submission: Submission) {
    this.submissions.push(submission);
    return this.#next("submit", { kind: "accepted", marketReceipt: null });
  }
  async fail(lease: Pick<Lease, "leaseId">, failure: { code: string }) {
    await this.#next("fail", undefined);
    this.failures.push({ leaseId: lease.leaseId, code: failure.code });
  }
  async giveBack(lease: Pick<Lease, "leaseId">, reason: string) {
    await this.#next("giveBack", undefined);
    this.returned.push({ leaseId: lease.leaseId, reason });
  }
  openLeases(): Promise<readonly Lease[] | null> {
    return this.#next("openLeases", null);
  }
  credits(unsettledJobIds: readonly string[]) {
    this.asked.push(unsettledJobIds);
    return this.#next("credits", []);
  }

  async #next<K extends keyof ScriptedMarket["script"]>(
    call: K,
    fallback: Awaited<ReturnType<MarketAdapter[K] & ((...args: never[]) => unknown)>> | undefined,
  ): Promise<never> {
    this.calls.push(call);
    const answer = this.script[call].shift();
    const value = answer === undefined ? fallback : typeof answer === "function" ? await answer() : answer;
    return value as never;
  }
}
