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

/** Writes down what a person would not see: exceptions, refused by policy, requests to anywhere but the one place it may ask. */
export class FaultWatch {
  #origin = "";
  #faults: string[] = [];

  constructor(page: Page) {
    page.on("pageerror", (error) => this.#note(`exception: ${error.message}`));
    page.on("console", (message) => {
      const text = message.text();
      if (/Content Security Policy|Refused to/i.test(text)) this.#note(`policy: ${text}`);
    });
    page.on("request", (request) => {
      const url = request.url();
      if (!url.startsWith(this.#origin) && !url.startsWith("blob:") && !url.startsWith("data:"))
        this.#note(`request: ${url}`);
    });
    page.on("websocket", (socket) => {
      if (new URL(socket.url()).host !== new URL(this.#origin).host) this.#note(`socket: ${socket.url()}`);
    });
  }

  /** From now on the page may ask `origin` and nothing else. */
  begin(origin: string): void {
    this.#origin = origin;
  }

  /** All since the last time it was asked. */
  take(): string[] {
    const faults = this.#faults;
    this.#faults = [];
    return faults;
  }

  #note(fault: string): void {
    this.#faults.push(fault);
  }
}
