/**
 * An engine that says what the test tells it to: the real contract over the real WebSocket, with the real session
 * rules, but a state made by hand. So the page can be shown silence, holes and death at the wanted moment.
 */
import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { type WebSocket, WebSocketServer } from "ws";
import { encodeEmbedResult } from "../../../src/shared/canonical.ts";
import type { CommandName, CommandParsed, ContractHandlers } from "../../../src/shared/contract/contract.ts";
import type { DeviceSample } from "../../../src/shared/contract/devices.ts";
import { type JobFilter, OUTPUT_PIECE } from "../../../src/shared/contract/jobs.ts";
import type { OfferPreview } from "../../../src/shared/contract/offers.ts";
import { type Channel, serveContract } from "../../../src/shared/contract/rpc.ts";
import type { SelfTestReport } from "../../../src/shared/contract/self-test.ts";
import type { JobRow, RunIntent, State } from "../../../src/shared/contract/views.ts";
import { AppError } from "../../../src/shared/errors.ts";
import { anAccount, scriptedAccountHandlers } from "../../support/scripted-account.ts";
import { emptyBooks, scriptedBookHandlers } from "../../support/scripted-books.ts";
import { scriptedDeviceHandlers } from "../../support/scripted-devices.ts";
import { scriptedFleet, scriptedFleetHandlers } from "../../support/scripted-fleet.ts";
import { aGpuPack, scriptedGpuPackHandlers } from "../../support/scripted-gpu-pack.ts";
import { aLlama, scriptedLlamaHandlers } from "../../support/scripted-llama.ts";
import { scriptedModelHandlers } from "../../support/scripted-models.ts";
import { scriptedOfferHandlers } from "../../support/scripted-offers.ts";
import { forgetSaved, scriptedSettings, scriptedSettingsHandlers } from "../../support/scripted-settings.ts";
import { detailOf, job } from "./states.ts";

const SMALL_TENSOR = { shape: [2, 3], data: Float32Array.of(0.6, 0.8, 0, -0.28, 0.96, 0) };

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".css": "text/css",
  ".svg": "image/svg+xml",
  ".woff2": "font/woff2",
};
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self' data:; connect-src 'self'";

export class ScriptedEngine {
  /** Every command the page sent, oldest first. */
  readonly calls: { command: CommandName; input: unknown }[] = [];
  /** Answers nothing and tells nothing while true; connections stay open, as with a process that hangs. */
  silent = false;
  /** The next verb is refused with this. */
  refuseNext: AppError | null = null;
  /** Offering and withdrawing are refused with this. */
  refuseOffers: AppError | null = null;
  /** What a strategy comes to, as far as it differs from "nothing is known". */
  offerPreview: (input: CommandParsed<"offers.preview">) => Partial<OfferPreview> = () => ({});
  /** Key, stake and service as the commands about them tell and change them. */
  account = anAccount();
  /** What `selftest.run` answers. */
  selfTest: () => { reports: SelfTestReport[] } | Promise<{ reports: SelfTestReport[] }> = () => ({
    reports: [],
  });
  /** What `devices.history` tells. */
  samples: (device: string) => DeviceSample[] = () => [];
  /** The settings as the commands about them tell and change them. */
  settings = scriptedSettings();
  /** Money and the log. */
  readonly books = emptyBooks();
  readonly fleet = scriptedFleet();
  /** What was computed, by lease; a small tensor where a test says nothing. */
  readonly outputs = new Map<string, Uint8Array>();
  /** Jobs behind the newest ones of the state. */
  olderJobs = 120;
  #older: readonly JobRow[] = [];
  state: State;
  seq = 100;
  readonly #folder: string;
  readonly #server = createServer((request, response) => void this.#serve(request, response));
  readonly #sockets = new WebSocketServer({ noServer: true });
  readonly #emitters = new Map<WebSocket, ReturnType<typeof serveContract>>();
  #links = new Set<string>();
  #sessions = new Set<string>();

  /** `folder`: a built renderer. */
  constructor(folder: string, state: State) {
    this.#folder = folder;
    this.state = state;
    this.#server.on("upgrade", (request, socket, head) => {
      if (!this.#hasSession(request)) {
        socket.end("HTTP/1.1 401 Unauthorized\r\nConnection: close\r\n\r\n");
        return;
      }
      this.#sockets.handleUpgrade(request, socket, head, (opened) => this.#adopt(opened));
    });
  }

  async listen(port = 0): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(port, "127.0.0.1", resolve));
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}/`;
  }

  /** The address as `bellows` prints it. */
  link(): string {
    const token = randomBytes(16).toString("base64url");
    this.#links.add(token);
    return `${this.url}#token=${token}`;
  }

  get connections(): number {
    return this.#emitters.size;
  }

  /** Change slices and tell it in a delta, as the engine does. */
  tell(slices: Partial<State>): void {
    this.state = { ...this.state, ...slices };
    this.seq += 1;
    this.#emit(slices);
  }

  /** Change slices and lose the delta on the way. */
  tellNobody(slices: Partial<State>): void {
    this.state = { ...this.state, ...slices };
    this.seq += 1;
  }

  forgetSessions(): void {
    this.#sessions = new Set();
  }

  /** As if the process was killed: every connection is cut and nobody listens. */
  async die(): Promise<void> {
    for (const socket of this.#emitters.keys()) socket.terminate();
    this.#server.closeAllConnections();
    forgetSaved(this.settings);
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  /** Of the last call; undefined: there was none. */
  lastInput(command: CommandName): unknown {
    return this.calls.findLast((call) => call.command === command)?.input;
  }

  callsOf(command: CommandName): number {
    return this.calls.filter((call) => call.command === command).length;
  }

  #emit(slices: Partial<State>): void {
    if (this.silent) return;
    for (const contract of this.#emitters.values())
      contract.emit("state.delta", { seq: this.seq, at: Date.now(), slices });
  }

  #adopt(socket: WebSocket): void {
    this.#emitters.set(socket, serveContract(this.#handlers(), this.#channel(socket)));
    socket.on("close", () => this.#emitters.delete(socket));
  }

  #offerHandlers(
    noted: <T>(command: CommandName, input: unknown, answer: () => T) => Promise<T>,
  ): ReturnType<typeof scriptedOfferHandlers> {
    const answers = scriptedOfferHandlers(
      () => this.state.offers,
      (input) => this.offerPreview(input),
    );
    return {
      "offers.list": async (input) => noted("offers.list", input, () => answers["offers.list"](input)),
      "offers.offer": async (input) =>
        noted("offers.offer", input, () => this.#unlessRefused(answers["offers.offer"](input))),
      "offers.withdraw": async (input) =>
        noted("offers.withdraw", input, () => this.#unlessRefused(answers["offers.withdraw"](input))),
      "offers.preview": async (input) =>
        noted("offers.preview", input, () => answers["offers.preview"](input)),
      "prices.quote": answers["prices.quote"],
    };
  }

  #unlessRefused<T>(answer: T): T {
    if (this.refuseOffers !== null) throw this.refuseOffers;
    return answer;
  }

  #channel(socket: WebSocket): Channel {
    return {
      post: (message) => {
        if (!this.silent) socket.send(JSON.stringify(message));
      },
      onMessage: (listener) => {
        const handle = (data: Buffer) => {
          if (!this.silent) listener(JSON.parse(data.toString("utf8")));
        };
        socket.on("message", handle);
        return () => socket.off("message", handle);
      },
      onClose: (listener) => {
        socket.on("close", listener);
        return () => socket.off("close", listener);
      },
    };
  }

  /** Each word to a device is noted, and changes the device that is shown. */
  #deviceHandlers(): ReturnType<typeof scriptedDeviceHandlers> {
    const handlers = scriptedDeviceHandlers(
      () => this.state.devices,
      (devices) => this.tell({ devices }),
      (device) => this.samples(device),
    );
    const noted = Object.entries(handlers).map(([command, handle]) => [
      command,
      (input: never) => {
        this.calls.push({ command: command as CommandName, input });
        return (handle as (input: never) => Promise<unknown>)(input);
      },
    ]);
    return Object.fromEntries(noted);
  }

  /** The newest of the state, and older ones behind them. */
  #jobs({ market, state, states, model, text }: JobFilter): JobRow[] {
    if (this.#older.length !== this.olderJobs) {
      const now = this.state.recentJobs[0]?.leasedAt ?? Date.now();
      this.#older = Array.from({ length: this.olderJobs }, (_, index) =>
        job(index + 20, now, index % 9 === 4 ? "failed" : "settled"),
      );
    }
    return [...this.state.recentJobs, ...this.#older].filter(
      (row) =>
        (market === undefined || row.market === market) &&
        (state === undefined || row.state === state) &&
        (states === undefined || states.includes(row.state)) &&
        (model === undefined || row.model === model) &&
        (text === undefined || row.leaseId.startsWith(text) || row.jobId.startsWith(text)),
    );
  }

  #handlers(): ContractHandlers {
    const noted = <T>(command: CommandName, input: unknown, answer: () => T | Promise<T>): Promise<T> => {
      this.calls.push({ command, input });
      return Promise.resolve().then(answer);
    };
    const verb = (command: CommandName, intent: RunIntent) => (input: unknown) =>
      noted(command, input, () => {
        const refusal = this.refuseNext;
        this.refuseNext = null;
        if (refusal !== null) throw refusal;
        this.tell({ engine: { ...this.state.engine, intent } });
        return { intent };
      });
    return {
      "state.snapshot": (input) =>
        noted("state.snapshot", input, () => ({ seq: this.seq, at: Date.now(), state: this.state })),
      "run.start": verb("run.start", "running"),
      "run.pause": verb("run.pause", "paused"),
      "run.finish": verb("run.finish", "finishing"),
      "run.resume": verb("run.resume", "running"),
      "run.stop": verb("run.stop", "stopped"),
      "market.resume": (input) =>
        noted("market.resume", input, () => {
          const markets = this.state.markets.map((market) => {
            const { paused: _, ...others } = market;
            return market.id === input.market ? { ...others, error: null } : market;
          });
          this.tell({ markets });
          return {};
        }),
      "selftest.run": (input) => noted("selftest.run", input, () => this.selfTest()),
      ...this.#deviceHandlers(),
      ...this.#notingAll(
        scriptedGpuPackHandlers(
          () => this.state.gpuPack ?? aGpuPack(),
          (gpuPack) => this.tell({ gpuPack }),
        ),
      ),
      ...this.#notingAll(
        scriptedLlamaHandlers(
          () => this.state.llama ?? aLlama(),
          (llama) => this.tell({ llama }),
        ),
      ),
      ...this.#notingAll(scriptedBookHandlers(this.books)),
      "jobs.count": (input) =>
        noted("jobs.count", input, () => ({ count: this.#jobs(input).length, before: "0" })),
      "jobs.list": (input) =>
        noted("jobs.list", input, () => {
          const first = (input.before === undefined ? 0 : Number(input.before)) + (input.skip ?? 0);
          const all = this.#jobs(input);
          const jobs = all.slice(first, first + input.limit);
          const next = first + jobs.length;
          return { jobs, next: next < all.length ? String(next) : null };
        }),
      "jobs.get": (input) =>
        noted("jobs.get", input, () => {
          const row = this.state.recentJobs.find((known) => known.leaseId === input.leaseId);
          if (row === undefined) {
            throw new AppError({
              code: "JOB_UNKNOWN",
              message: `The ledger has no lease ${input.leaseId}`,
              actor: "user",
            });
          }
          return detailOf(row);
        }),
      ...this.#notingAll(scriptedFleetHandlers(this.fleet)),
      "jobs.output": (input) =>
        noted("jobs.output", input, () => {
          const bytes = this.outputs.get(input.leaseId) ?? encodeEmbedResult(SMALL_TENSOR);
          const end = Math.min(bytes.length, input.from + OUTPUT_PIECE);
          const base64 = Buffer.from(bytes.subarray(input.from, end)).toString("base64");
          return { size: bytes.length, base64, next: end < bytes.length ? end : null };
        }),
      ...scriptedModelHandlers(this.state.models),
      ...this.#notingAll(scriptedAccountHandlers(this.account)),
      ...this.#offerHandlers(noted),
      ...this.#notingAll(
        scriptedSettingsHandlers(
          this.settings,
          () => this.state,
          (settings) => this.tell({ settings }),
        ),
      ),
      "notices.dismiss": (input) =>
        noted("notices.dismiss", input, () => {
          this.tell({ engine: { ...this.state.engine, notices: [] } });
          return {};
        }),
      "engine.shutdown": (input) => noted("engine.shutdown", input, () => ({})),
    };
  }

  /** The same answers, and every call in `calls`. */
  #notingAll<T extends Partial<ContractHandlers>>(handlers: T): T {
    const noting = Object.entries(handlers).map(([command, answer]) => [
      command,
      (input: unknown) => {
        this.calls.push({ command: command as CommandName, input });
        return (answer as (input: unknown) => Promise<unknown>)(input);
      },
    ]);
    return Object.fromEntries(noting) as T;
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname } = new URL(request.url ?? "/", this.url);
    if (pathname === "/api/session") return this.#session(request, response);
    const file = path.join(this.#folder, pathname === "/" ? "index.html" : pathname);
    try {
      const body = await readFile(file);
      response.writeHead(200, {
        "content-type": TYPES[path.extname(file)] ?? "application/octet-stream",
        "content-security-policy": POLICY,
      });
      response.end(body);
    } catch {
      response.writeHead(404).end();
    }
  }

  async #session(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.method !== "POST") {
      response.writeHead(this.#hasSession(request) ? 204 : 401).end();
      return;
    }
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { token } = JSON.parse(Buffer.concat(chunks).toString("utf8")) as { token: string };
    if (!this.#links.delete(token)) {
      response.writeHead(401).end();
      return;
    }
    const session = randomBytes(16).toString("base64url");
    this.#sessions.add(session);
    response.writeHead(204, { "set-cookie": `ui_test=${session}; Path=/; HttpOnly; SameSite=Strict` }).end();
  }

  #hasSession(request: IncomingMessage): boolean {
    const session = /ui_test=([\w-]+)/.exec(request.headers.cookie ?? "")?.[1];
    return session !== undefined && this.#sessions.has(session);
  }
}
