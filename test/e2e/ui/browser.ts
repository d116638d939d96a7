/** A real Chromium, and what a page did wrong in it. */
import { existsSync } from "node:fs";
import { type Browser, chromium, type Page } from "playwright";
import { PATIENCE } from "./patience.ts";

const CANDIDATES = [
  process.env.BELLOWS_CHROMIUM,
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
];

/** null: this machine has none; set-up installs it. */
export const chromiumFile = CANDIDATES.find((file) => file !== undefined && existsSync(file)) ?? null;

export function launchBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: chromiumFile ?? "",
    args: ["--no-sandbox"],
    timeout: 2 * PATIENCE.timeout,
  });
}

/** Writes down what a person would not see: exceptions, refused by policy, requests to anywhere but `origin`. */
export function watchFaults(page: Page, origin: string, faults: string[] = []): string[] {
  page.on("pageerror", (error) => faults.push(`exception: ${error.message}`));
  page.on("console", (message) => {
    const text = message.text();
    if (/Content Security Policy|Refused to/i.test(text)) faults.push(`policy: ${text}`);
  });
  page.on("request", (request) => {
    const url = request.url();
    if (!url.startsWith(origin) && !url.startsWith("blob:") && !url.startsWith("data:"))
      faults.push(`request: ${url}`);
  });
  page.on("websocket", (socket) => {
    if (new URL(socket.url()).host !== new URL(origin).host) faults.push(`socket: ${socket.url()}`);
  });
  return faults;
}
