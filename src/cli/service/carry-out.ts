/** Carries out a service plan, saying each step; --dry-run only says it. */
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { MINUTE } from "../../shared/durations.ts";
import { AppError } from "../../shared/errors.ts";
import type { Terminal } from "../terminal.ts";
import { type PlannedCommand, type PlannedFile, type ServicePlan, typed } from "./plan.ts";

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

/** Throws SERVICE_FILE, SERVICE_COMMAND. */
export function carryOut(terminal: Terminal, plan: ServicePlan): void {
  for (const step of plan.before) run(terminal, step);
  for (const file of plan.remove) remove(terminal, file);
  for (const file of plan.files) write(terminal, file);
  for (const step of plan.after) run(terminal, step);
  for (const line of plan.next) terminal.print(line);
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

function run(terminal: Terminal, { command, needed }: PlannedCommand): void {
  const { ok, output } = ask(command);
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

/** Runs a command to its end; what it wrote, both streams, on one line. */
export function ask(command: readonly [string, ...string[]]): {
  ok: boolean;
  stdout: string;
  output: string;
} {
  const [file, ...args] = command;
  const { status, stdout, stderr, error } = spawnSync(file, args, {
    encoding: "utf8",
    timeout: 2 * MINUTE,
    windowsHide: true,
  });
  const missing = error !== undefined && "code" in error && error.code === "ENOENT";
  const said = missing ? `there is no ${file} here` : (error?.message ?? `${stderr ?? ""} ${stdout ?? ""}`);
  return { ok: status === 0, stdout: stdout ?? "", output: said.trim().replaceAll(/\s*\n\s*/g, " ") };
}
