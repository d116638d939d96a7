// Starting other programs: quietly with their output kept, or in front with signals passed on.
import { spawn } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import os from "node:os";
import { whenStarterGone } from "./starter.mjs";

const KEPT_OUTPUT_CHARS = 64 * 1024;
const KILL_AFTER_MS = 1_500;

const running = new Set();

/**
 * Runs a program to its end. Resolves to {code, signal, output}; never rejects for a failing program.
 * `output` keeps the end of what it wrote, `logFile` gets all of it.
 */
export function runQuietly(
  command,
  args,
  { cwd, env, onLine, onStart, logFile, patient = false, shell = false } = {},
) {
  return new Promise((resolve) => {
    const log = logFile ? fs.createWriteStream(logFile) : null;
    const child = spawn(command, args, {
      cwd,
      env,
      shell,
      stdio: ["ignore", "pipe", "pipe"],
      windowsHide: true,
    });
    const entry = { child, patient };
    running.add(entry);
    onStart?.(child);
    let output = "";
    const keep = lineSplitter((line) => onLine?.(line));
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8");
      stream.on("data", (text) => {
        output = (output + text).slice(-KEPT_OUTPUT_CHARS);
        log?.write(text);
        keep(text);
      });
    }
    child.on("error", (error) => {
      running.delete(entry);
      log?.end();
      resolve({ code: 127, signal: null, output: `${error.message}\n` });
    });
    child.on("close", (code, signal) => {
      running.delete(entry);
      log?.end();
      resolve({ code: code ?? 128 + (os.constants.signals[signal] ?? 0), signal, output });
    });
  });
}

/**
 * Runs a program in front: same terminal, signals passed on. Resolves to the exit code a shell would show.
 * `tied`: it is asked to end when the terminal or whoever started us is gone, and has a channel that closes with us.
 */
export function runForwarding(command, args, { cwd, env, tied = false } = {}) {
  return new Promise((resolve, reject) => {
    const own = ["inherit", "inherit", "inherit"];
    const child = spawn(command, args, { cwd, env, stdio: tied ? [...own, "ipc"] : own });
    let told = false;
    const passOn = (signal) => {
      told = true;
      // At a terminal the whole process group gets Ctrl-C already; a second one would mean "now, hard".
      if (signal === "SIGINT" && atTerminal()) return;
      // To a server a hang-up means "read your settings again"; here it means that the terminal is gone.
      child.kill(tied && signal === "SIGHUP" ? "SIGTERM" : signal);
    };
    // npm ends at once at a Ctrl-C: that the starter is gone then is no second wish.
    const onStarterGone = () => told || child.kill("SIGTERM");
    const stopLooking = tied ? whenStarterGone(onStarterGone) : () => undefined;
    const signals =
      process.platform === "win32" ? ["SIGINT", "SIGTERM"] : ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"];
    for (const signal of signals) process.on(signal, passOn);
    const settle = () => {
      stopLooking();
      for (const signal of signals) process.off(signal, passOn);
    };
    child.on("error", (error) => {
      settle();
      reject(error);
    });
    child.on("close", (code, signal) => {
      settle();
      resolve(code ?? 128 + (os.constants.signals[signal] ?? 0));
    });
  });
}

/** Whatever of the three is sent elsewhere: a Ctrl-C there still comes from a terminal of ours. */
const atTerminal = () => [process.stdin, process.stdout, process.stderr].some(({ isTTY }) => isTTY);

/**
 * Ends every program that runQuietly has under way and waits until they are gone, so that a next try finds nobody
 * still writing. `patient` ones are asked only: killing a package manager half-way leaves the system broken.
 */
export async function endRunning() {
  const ends = [...running].map(({ child, patient }) => {
    const closed = once(child, "close");
    child.kill("SIGTERM");
    if (!patient) setTimeout(() => child.kill("SIGKILL"), KILL_AFTER_MS).unref();
    return closed;
  });
  await Promise.all(ends);
}

/** The last lines of an output that say anything. */
export function lastLines(output, count = 3) {
  const lines = output
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter(Boolean);
  return lines.slice(-count).join(" / ");
}

function lineSplitter(onLine) {
  let rest = "";
  return (text) => {
    const lines = (rest + text).split(/\r?\n/);
    rest = lines.pop() ?? "";
    for (const line of lines) onLine(line);
  };
}
