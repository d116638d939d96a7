/** Carries out a service plan, saying each step; --dry-run only says it. */
import { spawn, spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { MINUTE, SECOND } from "../../shared/durations.ts";
import { AppError } from "../../shared/errors.ts";
import { plainEnvironment } from "../../shared/secret-variables.ts";
import type { Terminal } from "../terminal.ts";
import {
  type PlannedCommand,
  type PlannedFile,
  type ServicePlan,
  type ServiceQuestion,
  typed,
} from "./plan.ts";

/** Every step, and each file's whole text. */
export function showPlan(terminal: Terminal, plan: ServicePlan): void {
  terminal.print("Nothing is changed. It would:");
  for (const { command } of plan.before) terminal.print(`  run     ${typed(command)}`);
  for (const file of plan.remove) terminal.print(`  remove  ${file}`);
  for (const file of plan.files)
    terminal.print(`  write   ${file.path}${file.keep ? " (unless it is there)" : ""}`);
  for (const { command } of plan.after) terminal.print(`  run     ${typed(command)}`);
  for (const { path: file, text } of plan.files) {
    terminal.print(`\n--- ${file}`);
    terminal.print(text.trimEnd());
  }
}

/** How commands are run; `limitMs` is not for those that wait for the service. */
export interface CommandManners {
  readonly env: NodeJS.ProcessEnv;
  readonly limitMs: number;
  /** A step that waits says so this often. */
  readonly tellEveryMs: number;
}

const usual = (): CommandManners => ({
  env: plainEnvironment(process.env),
  limitMs: 2 * MINUTE,
  tellEveryMs: 10 * SECOND,
});

/** Throws SERVICE_FILE, SERVICE_COMMAND. */
export async function carryOut(
  terminal: Terminal,
  plan: ServicePlan,
  manners: CommandManners = usual(),
): Promise<void> {
  for (const step of plan.before) await run(terminal, step, plan.service, manners);
  if (plan.remove.length > 0 && plan.service !== undefined) refuseWhileItRuns(plan.service, manners);
  for (const file of plan.remove) remove(terminal, file);
  for (const file of plan.files) write(terminal, file);
  for (const step of plan.after) await run(terminal, step, plan.service, manners);
  for (const line of plan.next) terminal.print(line);
}

/** Without its unit nothing tells any more how a service ends, or ends it. */
function refuseWhileItRuns({ command, read }: ServiceQuestion, manners: CommandManners): void {
  const { ok, stdout } = ask(command, manners);
  if (!ok) return; // Told by the step before: who can't be asked could not be told to stop either.
  const { rests, words } = read(stdout);
  if (rests) return;
  throw new AppError({
    code: "SERVICE_COMMAND",
    message: `The service has not ended yet: ${words}. Its unit stays`,
    actor: "machine",
    help: "The same command again waits for it.",
  });
}

function write(terminal: Terminal, { path: file, text, mode, keep }: PlannedFile): void {
  onDisk(file, () => {
    if (keep && fs.existsSync(file)) {
      terminal.print(`kept     ${file}`);
      return;
    }
    fs.mkdirSync(path.dirname(file), { recursive: true });
    // Beside it and renamed: half a unit is never read.
    const beside = `${file}.new`;
    fs.rmSync(beside, { force: true });
    fs.writeFileSync(beside, text, { mode, encoding: text.startsWith("\ufeff") ? "utf16le" : "utf8" });
    fs.renameSync(beside, file);
    terminal.print(`written  ${file}`);
  });
}

function remove(terminal: Terminal, file: string): void {
  onDisk(file, () => {
    if (!fs.existsSync(file)) return;
    fs.rmSync(file);
    terminal.print(`removed  ${file}`);
  });
}

function onDisk(file: string, act: () => void): void {
  try {
    act();
  } catch (thrown) {
    const cause = thrown instanceof Error ? thrown.message : String(thrown);
    throw new AppError({
      code: "SERVICE_FILE",
      message: `${file} could not be changed: ${cause}`,
      actor: "user",
      help: "Services of the machine need root: sudo, or add --user for a service of your own.",
      cause: thrown,
    });
  }
}

async function run(
  terminal: Terminal,
  { command, needed, waits }: PlannedCommand,
  service: ServiceQuestion | undefined,
  manners: CommandManners,
): Promise<void> {
  const meanwhile = () => {
    const answer = service === undefined ? null : ask(service.command, manners);
    const words = answer?.ok ? service?.read(answer.stdout).words : undefined;
    terminal.note(`waiting  ${typed(command)}${words === undefined ? "" : `: ${words}`}`);
  };
  const { ok, output } = waits ? await waitFor(command, manners, meanwhile) : ask(command, manners);
  if (ok) {
    terminal.print(`done     ${typed(command)}`);
    return;
  }
  const said = output === "" ? "it said nothing" : output;
  if (!needed) {
    terminal.note(`Note: ${typed(command)} was not possible: ${said}`);
    return;
  }
  throw new AppError({
    code: "SERVICE_COMMAND",
    message: `${typed(command)} failed: ${said}`,
    actor: "machine",
    help: "What was done before it stands above; the same command again goes on.",
  });
}

interface Answer {
  readonly ok: boolean;
  readonly stdout: string;
  /** What it wrote, both streams, on one line. */
  readonly output: string;
}

/** Runs a command to its end. */
export function ask(command: readonly [string, ...string[]], { env, limitMs } = usual()): Answer {
  const [file, ...args] = command;
  const { status, stdout, stderr, error } = spawnSync(file, args, {
    encoding: "utf8",
    env,
    timeout: limitMs,
    windowsHide: true,
  });
  return answerOf(file, { status, stdout: stdout ?? "", stderr: stderr ?? "", error });
}

/** The same however long it takes; `meanwhile` is called now and then. */
async function waitFor(
  [file, ...args]: readonly [string, ...string[]],
  { env, tellEveryMs }: CommandManners,
  meanwhile: () => void,
): Promise<Answer> {
  const child = spawn(file, args, { env, stdio: ["ignore", "pipe", "pipe"], windowsHide: true });
  const said = { stdout: "", stderr: "" };
  for (const stream of ["stdout", "stderr"] as const) {
    child[stream].setEncoding("utf8");
    child[stream].on("data", (text: string) => {
      said[stream] += text;
    });
  }
  const timer = setInterval(meanwhile, tellEveryMs);
  try {
    return await new Promise<Answer>((resolve) => {
      child.once("error", (error) => resolve(answerOf(file, { ...said, status: null, error })));
      child.once("close", (status) => resolve(answerOf(file, { ...said, status })));
    });
  } finally {
    clearInterval(timer);
  }
}

function answerOf(
  file: string,
  run: { status: number | null; stdout: string; stderr: string; error?: Error | undefined },
): Answer {
  const { status, stdout, stderr, error } = run;
  const missing = error !== undefined && "code" in error && error.code === "ENOENT";
  const said = missing ? `there is no ${file} here` : (error?.message ?? `${stderr} ${stdout}`);
  return { ok: status === 0, stdout, output: said.trim().replaceAll(/\s*\n\s*/g, " ") };
}
