/** `bellows models …`: what is here, fetch, check, remove; through the engine when one runs, else on the data folder. */
import type { ModelView } from "../../shared/contract/models.ts";
import type { OllamaView } from "../../shared/contract/ollama.ts";
import { SECOND } from "../../shared/durations.ts";
import { AppError } from "../../shared/errors.ts";
import { pause } from "../../shared/wait.ts";
import type { CliContext } from "../context.ts";
import { ago, table, UNKNOWN } from "../format.ts";
import type { ModelsDesk } from "../models-desk.ts";
import { listenForStop } from "../signals.ts";

const LOOK = SECOND / 4;
const TOLD_STEP = 10;

export async function listModels(context: CliContext, desk: ModelsDesk, options: { json: boolean }) {
  const { models, ollama } = await desk.invoke("models.list", {});
  if (options.json) return context.terminal.json(models);
  for (const line of modelLines(models, context.now())) context.terminal.print(line);
  for (const line of ollamaLines(ollama)) context.terminal.print(line);
  for (const { message, help } of desk.notices)
    context.terminal.note(`Notice: ${message}. ${help ?? ""}`.trimEnd());
}

export function modelLines(models: readonly ModelView[], now: number): string[] {
  if (models.length === 0) return ["The catalogue is empty."];
  const lines = table<ModelView>(
    [
      { title: "Model", value: (model) => model.id },
      { title: "Version", value: (model) => model.version },
      { title: "Task", value: (model) => model.task },
      { title: "State", value: stateWords },
      { title: "Size", align: "right", value: (model) => size(model.bytesTotal) },
      { title: "Here", align: "right", value: (model) => `${percent(model)} %` },
      { title: "Used", align: "right", value: (model) => ago(model.lastUsedAt, now) },
      { title: "", value: (model) => (model.pinned ? "pinned" : "") },
    ],
    models,
  );
  const reasons = models
    .filter(({ state }) => state === "failed" || state === "corrupt")
    .map(({ id, error }) => `${id}: ${error?.message ?? UNKNOWN}. ${error?.help ?? ""}`.trimEnd());
  return reasons.length === 0 ? lines : [...lines, "", ...reasons];
}

function stateWords({ state, allowed, ollama }: ModelView): string {
  const where = state === "missing" && ollama !== undefined ? "in Ollama" : state;
  return allowed ? where : `${where}, not allowed`;
}

/** What an Ollama on this machine does for jobs; none: it was not turned on. */
export function ollamaLines(ollama: OllamaView | undefined): string[] {
  if (ollama === undefined) return [];
  const { url, version, device, text, models } = ollama;
  const where = `Ollama${version === null ? "" : ` ${version}`} at ${url}${device === null ? "" : `, ${device.name}`}`;
  return ["", `${where}: ${text}.`, ...models.map(({ id, name }) => `  ${id} is ${name} there`)];
}

/** Ends when the model is in place; throws what it failed with. */
export async function downloadModel(
  context: CliContext,
  desk: ModelsDesk,
  id: string,
  options: { bytesPerSecond: number | undefined; json: boolean },
): Promise<void> {
  const { terminal } = context;
  const { bytesPerSecond } = options;
  const before = (await desk.invoke("models.list", {})).models.find((model) => model.id === id);
  if (before)
    terminal.note(
      `${id} ${before.version}: ${size(before.bytesTotal)}, of which ${size(before.bytes)} are here.`,
    );
  using signals = listenForStop(() => undefined);
  const started = await desk.invoke("models.download", {
    id,
    ...(bytesPerSecond === undefined ? {} : { bytesPerSecond }),
  });
  if (started.bytesToFetch > 0)
    terminal.note(`Fetching ${size(started.bytesToFetch)}; ${size(started.freeBytes)} are free.`);
  const done = await follow(context, desk, started.model.id, signals.asked);
  if (options.json) terminal.json(done);
  else terminal.print(`${done.id} is in place, every file checked.`);
}

/** Longer than this without a byte looks as if it hung. */
const PATIENCE = 10 * SECOND;

/** Tells every tenth of it, until it has ended. */
async function follow(
  { terminal }: CliContext,
  desk: ModelsDesk,
  id: string,
  asked: AbortSignal,
): Promise<ModelView> {
  let told = 0;
  let tries = 0;
  for (;;) {
    const { models } = await desk.invoke("models.list", {});
    const model = models.find((each) => each.id === id);
    if (model === undefined) throw notDone(id, "is no longer in the catalogue");
    if (model.state === "present") return model;
    if (model.state === "failed") throw AppError.fromValue(model.error ?? notDone(id, "failed").toValue());
    if (model.state !== "downloading") throw notDone(id, `is ${model.state}: somebody else stopped it`);
    const now = Math.floor(percent(model) / TOLD_STEP) * TOLD_STEP;
    if (now > told) terminal.note(`${now} %${speed(model)}`);
    told = Math.max(told, now);
    const { waiting } = model;
    if (waiting !== undefined && waiting.tries > tries && Date.now() - waiting.since >= PATIENCE)
      terminal.note(`No answer from ${waiting.host} yet, try ${waiting.tries}.`);
    if (waiting === undefined || Date.now() - waiting.since >= PATIENCE) tries = waiting?.tries ?? 0;
    await pause(LOOK, asked);
    if (asked.aborted) throw interrupted(id, desk.isEngine);
  }
}

export async function verifyModel(
  { terminal }: CliContext,
  desk: ModelsDesk,
  id: string,
  options: { json: boolean },
): Promise<void> {
  const { model } = await desk.invoke("models.verify", { id });
  if (options.json) terminal.json(model);
  if (model.state !== "present")
    throw AppError.fromValue(model.error ?? notDone(id, "is not here").toValue());
  if (!options.json) terminal.print(`${model.id} is good: every file has the pinned contents.`);
}

export async function removeModel({ terminal }: CliContext, desk: ModelsDesk, id: string): Promise<void> {
  const { model } = await desk.invoke("models.remove", { id });
  const still = model.state === "present" ? " Another folder of the search path still has it." : "";
  terminal.print(`${model.id} is removed.${still}`);
}

export async function pruneModels(
  { terminal }: CliContext,
  desk: ModelsDesk,
  options: { toBytes: number | undefined; json: boolean },
): Promise<void> {
  const { toBytes } = options;
  const pruned = await desk.invoke("models.prune", toBytes === undefined ? {} : { toBytes });
  if (options.json) return terminal.json(pruned);
  for (const { id, bytes } of pruned.removed)
    terminal.print(`${id} is removed, ${size(bytes)} are free again.`);
  terminal.print(`Fetched models take ${size(pruned.bytesLeft)}.`);
}

export async function allowModel({ terminal }: CliContext, desk: ModelsDesk, id: string, allowed: boolean) {
  const { model } = await desk.invoke("models.setAllowed", { id, allowed });
  terminal.print(`${model.id} ${model.allowed ? "may run" : "is neither offered nor run"}.`);
}

export async function pinModel({ terminal }: CliContext, desk: ModelsDesk, id: string, pinned: boolean) {
  const { model } = await desk.invoke("models.setPinned", { id, pinned });
  terminal.print(`${model.id} ${model.pinned ? "is never pruned" : "may be pruned"}.`);
}

const MEGABYTE = 1e6;

function size(bytes: number): string {
  if (bytes >= 1000 * MEGABYTE) return `${(bytes / 1000 / MEGABYTE).toFixed(2)} GB`;
  return `${(bytes / MEGABYTE).toFixed(1)} MB`;
}

/** Rounded down: 100 only when all of it is here. */
function percent({ bytes, bytesTotal }: ModelView): number {
  return bytesTotal === 0 ? 100 : Math.floor((bytes / bytesTotal) * 100);
}

function speed({ bytesPerSecond, etaMs }: ModelView): string {
  if (bytesPerSecond === null) return "";
  return `, ${size(bytesPerSecond)}/s${etaMs === null ? "" : `, ${Math.ceil(etaMs / SECOND)} s left`}`;
}

function notDone(id: string, what: string): AppError {
  return new AppError({ code: "MODEL_NOT_DONE", message: `The model ${id} ${what}`, actor: "user" });
}

function interrupted(id: string, engineGoesOn: boolean): AppError {
  return new AppError({
    code: "INTERRUPTED",
    message: engineGoesOn ? `The engine goes on with ${id}` : `The download of ${id} was interrupted`,
    actor: "user",
    help: engineGoesOn
      ? "`bellows models` shows how far it is."
      : "The same command goes on where this one stopped.",
  });
}
