/**
 * What an Ollama on this machine can do for us now: does it answer, is its version new enough, which models of the
 * catalogue has it (by the SHA-256 of their one file, never by a name alone), which device does it take, and does its
 * person use it? A model is offered only while all of that holds.
 */
import type { CatalogueModel } from "../../shared/catalogue.ts";
import type { OllamaView } from "../../shared/contract/ollama.ts";
import { SECOND } from "../../shared/durations.ts";
import { AppError } from "../../shared/errors.ts";
import { toBeat, Wakeup } from "../../shared/wait.ts";
import { type Sentence, say } from "../../shared/words/said.ts";
import type { DeviceInfo } from "../device/device-info.ts";
import type { OllamaApi } from "./api.ts";
import type { OllamaModel } from "./model.ts";
import { weightsOf } from "./modelfile.ts";

const LOOK_EVERY = 10 * SECOND;
/** The first that tells the bytes of its tokens (`logprobs`). */
const OLDEST = [0, 12, 11] as const;
/** Names that are looked into; nobody has more, and each costs a question once. */
const MOST_MODELS = 500;

export interface OllamaLibraryDeps {
  readonly api: OllamaApi;
  readonly models: () => readonly CatalogueModel[];
  readonly devices: () => readonly DeviceInfo[];
  /** Number or the beginning of the id of the device that Ollama takes; null: there is only one. */
  readonly wantedDevice: string | null;
  /** Neither paused nor rented out. */
  readonly mayWork: (deviceId: string) => boolean;
}

/** What is known of Ollama itself. */
type Found =
  | { readonly state: "searching" | "unreachable" | "refused"; readonly why: Sentence }
  | { readonly state: "in-use"; readonly why: Sentence }
  | { readonly state: "ready"; readonly why: null };

export class OllamaLibrary {
  readonly #deps: OllamaLibraryDeps;
  readonly #listeners = new Set<() => void>();
  readonly #again = new Wakeup();
  /** By the digest of a manifest: the one file it is made of, or null. Kept, since a digest never changes its meaning. */
  readonly #weights = new Map<string, string | null>();
  /** SHA-256 of a file → the name of a model made of it. */
  #names: ReadonlyMap<string, string> = new Map();
  #version: string | null = null;
  #found: Found = { state: "searching", why: say("ollamaSearching") };
  #ours: string | null = null;
  #told = "";

  constructor(deps: OllamaLibraryDeps) {
    this.#deps = deps;
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  get version(): string | null {
    return this.#version;
  }

  /** Somebody else has a model loaded. */
  get isInUse(): boolean {
    return this.#found.state === "in-use";
  }

  /** The device that Ollama's work is counted on; null: which one is not known. */
  get device(): DeviceInfo | null {
    const devices = this.#deps.devices();
    const { wantedDevice: wanted } = this.#deps;
    if (wanted === null) return devices.length === 1 ? (devices[0] ?? null) : null;
    return devices.find(({ id, index }) => id.startsWith(wanted) || String(index) === wanted) ?? null;
  }

  /** The model as Ollama has it, while it can be run there; null: it can't. */
  modelFor(model: CatalogueModel): OllamaModel | null {
    const { device } = this;
    if (this.#found.state !== "ready" || device === null || !this.#deps.mayWork(device.id)) return null;
    return this.#had(model);
  }

  /** The model that we have it hold, so that it is not taken for somebody else's; null: none. */
  setOurs(name: string | null): void {
    this.#ours = name;
  }

  /** What was true is not any more: nothing is offered until the next look, which comes at once. */
  distrust(error: AppError): void {
    this.#found =
      error.code === "OLLAMA_IN_USE"
        ? { state: "in-use", why: say("ollamaInUse") }
        : { state: "searching", why: say("ollamaFailed", { reason: error.message }) };
    this.#tell();
    this.lookAgain();
  }

  lookAgain(): void {
    this.#again.ring();
  }

  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.look(signal);
      await this.#again.wait(signal, toBeat(LOOK_EVERY)).catch(() => undefined); // Aborted: the loop ends.
    }
  }

  /** One look, also for whoever needs no loop. Never rejects but with the signal's reason. */
  async look(signal: AbortSignal): Promise<void> {
    try {
      this.#found = await this.#search(signal);
    } catch (thrown) {
      if (signal.aborted) return;
      if (!(thrown instanceof AppError)) throw thrown;
      this.#version = null;
      this.#names = new Map();
      const state = thrown.code === "OLLAMA_UNREACHABLE" ? "unreachable" : "refused";
      this.#found = { state, why: say("ollamaFailed", { reason: thrown.message }) };
    }
    this.#tell();
  }

  view(): OllamaView {
    const { api, models } = this.#deps;
    const { device } = this;
    const has = models().flatMap((model) => {
      const found = this.#had(model);
      return found === null ? [] : [{ id: model.id, name: found.ollama.name }];
    });
    const why = this.#found.why ?? (device === null ? this.#noDevice() : null);
    const sentence = why ?? say(has.length === 0 ? "ollamaHasNone" : "ollamaReady", { count: has.length });
    return {
      url: api.base,
      state: this.#found.state === "ready" && device === null ? "refused" : this.#found.state,
      version: this.#version,
      device: device && { id: device.id, name: device.name },
      models: has,
      text: sentence.text,
      said: sentence.said,
    };
  }

  async #search(signal: AbortSignal): Promise<Found> {
    const { api } = this.#deps;
    this.#version = await api.version(signal);
    if (isOlder(this.#version)) {
      return {
        state: "refused",
        why: say("ollamaTooOld", { version: this.#version, least: OLDEST.join(".") }),
      };
    }
    const tags = (await api.models(signal)).slice(0, MOST_MODELS);
    const names = new Map<string, string>();
    for (const { name, digest } of tags) {
      const weights = await this.#weightsOf(name, digest, signal);
      if (weights !== null && !names.has(weights)) names.set(weights, name);
    }
    this.#names = names;
    const others = (await api.running(signal)).filter(({ name }) => name !== this.#ours);
    if (others.length > 0) return { state: "in-use", why: say("ollamaInUse") };
    return { state: "ready", why: null };
  }

  async #weightsOf(name: string, digest: string, signal: AbortSignal): Promise<string | null> {
    const known = digest === "" ? undefined : this.#weights.get(digest);
    if (known !== undefined) return known;
    try {
      const weights = weightsOf((await this.#deps.api.show(name, false, signal)).modelfile);
      if (digest !== "") this.#weights.set(digest, weights);
      return weights;
    } catch (thrown) {
      // One that Ollama itself can't show stands in nobody's way.
      if (thrown instanceof AppError && thrown.code !== "OLLAMA_UNREACHABLE") return null;
      throw thrown;
    }
  }

  #had(model: CatalogueModel): OllamaModel | null {
    const [file, ...others] = model.files;
    if (model.task !== "generate" || file === undefined || others.length > 0) return null;
    const name = this.#names.get(file.sha256);
    if (name === undefined) return null;
    const { id, version, task, generate } = model;
    return { id, version, task, generate, ollama: { name, weightsSha256: file.sha256 } };
  }

  #noDevice(): Sentence {
    const { wantedDevice: wanted, devices } = this.#deps;
    if (wanted !== null) return say("ollamaDeviceMissing", { device: wanted });
    return devices().length === 0 ? say("ollamaNoDevice") : say("ollamaWhichDevice");
  }

  #tell(): void {
    const now = JSON.stringify(this.view());
    if (now === this.#told) return;
    this.#told = now;
    for (const listener of [...this.#listeners]) listener();
  }
}

/** A version that is no number (a build from source) is taken to be new. */
function isOlder(version: string): boolean {
  const numbers = /^v?(\d+)\.(\d+)\.(\d+)/.exec(version)?.slice(1).map(Number);
  // `ollama serve` built by hand says 0.0.0.
  if (numbers === undefined || numbers.every((each) => each === 0)) return false;
  for (const [i, least] of OLDEST.entries()) {
    const own = numbers[i] ?? 0;
    if (own !== least) return own < least;
  }
  return false;
}
