// A screen and a session bus of the tests' own, so that window tests neither need nor disturb the person's.
import { spawn } from "node:child_process";
import fs from "node:fs";
import path from "node:path";

const XVFB_ARGS = ["-screen", "0", "1440x960x24", "-nolisten", "tcp", "-noreset"];
const ANSWER_MS = 10_000;

/** @returns {Promise<{env: Record<string, string>, stop: () => void}>} what was found to start; nothing on macOS and Windows */
export async function startDisplay() {
  const started = [];
  const env = {};
  // Each program writes where it listens to file descriptor 3.
  const start = async (program, args, use) => {
    const file = onPath(program);
    if (!file) return;
    const child = spawn(file, args, { stdio: ["ignore", "ignore", "ignore", "pipe"] });
    started.push(child);
    const answer = await firstLine(child);
    if (answer) use(answer);
  };
  if (process.platform === "linux") {
    await Promise.all([
      start("Xvfb", ["-displayfd", "3", ...XVFB_ARGS], (display) => {
        env.DISPLAY = `:${display}`;
      }),
      start("dbus-daemon", ["--session", "--nofork", "--nopidfile", "--print-address=3"], (address) => {
        env.DBUS_SESSION_BUS_ADDRESS = address;
      }),
    ]);
  }
  const stop = () => {
    for (const child of started.splice(0)) child.kill("SIGTERM");
  };
  process.once("exit", stop);
  return { env, stop };
}

function firstLine(child) {
  return new Promise((resolve) => {
    let text = "";
    const timer = setTimeout(() => resolve(null), ANSWER_MS);
    const settle = (answer) => {
      clearTimeout(timer);
      resolve(answer);
    };
    child.on("error", () => settle(null));
    child.on("exit", () => settle(null));
    child.stdio[3].setEncoding("utf8").on("data", (chunk) => {
      text += chunk;
      if (text.includes("\n")) settle(text.split("\n")[0].trim());
    });
  });
}

function onPath(program) {
  const folders = (process.env.PATH ?? "").split(path.delimiter);
  return folders.map((folder) => path.join(folder, program)).find((file) => fs.existsSync(file));
}
