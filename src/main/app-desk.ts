/** What the app itself knows and can do (shared/contract/app.ts): one view, told after every change, and its commands. */
import { z } from "zod";
import {
  APP_COMMANDS,
  type AppCommandName,
  type AppCommandOutput,
  type AppHandlers,
  type AppView,
  type AppViewCommand,
  isAppCommandName,
} from "../shared/contract/app.ts";
import { AppError } from "../shared/errors.ts";
import type { Notice } from "../shared/notifications/notice.ts";
import type { RepairDesk } from "./repair-desk.ts";
import type { CrashGuard } from "./system/crash-guard.ts";
import type { LoginItem } from "./system/login-item.ts";
import type { Updates } from "./updates/updates.ts";

export interface AppDeskOptions {
  readonly crashes: Pick<CrashGuard, "safeMode" | "crashes" | "forget">;
  readonly login: LoginItem;
  /** Has the person answered the question about start at login? */
  readonly loginAsked: () => boolean;
  /** Remembers the answer with the other settings. */
  readonly saveLogin: (enabled: boolean) => Promise<void>;
  readonly countCrashReports: () => Promise<AppView["crashReports"]>;
  readonly openCrashReports: () => Promise<void>;
  readonly notices: {
    readonly list: () => readonly Notice[];
    readonly putAway: (key: string) => void;
  };
  readonly repair: Pick<
    RepairDesk,
    "wrongSettings" | "resetSetting" | "ledgerCopy" | "useLedgerCopy" | "report" | "openLogs"
  >;
  readonly updates: Updates;
  /** Take work again. */
  readonly startWork: () => Promise<void>;
}

export class AppDesk {
  readonly #options: AppDeskOptions;
  readonly #listeners = new Set<(view: AppView) => void>();
  readonly #handlers: AppHandlers;
  #safeMode: AppView["safeMode"];
  #loginEnabled: boolean | null = null;
  #crashReports: AppView["crashReports"] = { count: 0, newestAt: null };
  #told = "";

  constructor(options: AppDeskOptions) {
    this.#options = options;
    const { crashes, updates } = options;
    this.#safeMode = crashes.safeMode ? { crashes: crashes.crashes } : null;
    this.#handlers = {
      "app.get": () => this.refresh(),
      "app.setStartAtLogin": ({ enabled }) => this.#setStartAtLogin(enabled),
      "app.leaveSafeMode": () => this.leaveSafeMode(),
      "app.openCrashReports": () => options.openCrashReports(),
      "app.openLogs": () => options.repair.openLogs(),
      "app.putAwayNotice": async ({ key }) => options.notices.putAway(key),
      "app.resetSetting": async ({ key }) => options.repair.resetSetting(key),
      "app.useLedgerCopy": async () => options.repair.useLedgerCopy(),
      "app.diagnostics": () => options.repair.report(this.view),
      "app.checkForUpdate": () => updates.check(),
      "app.downloadUpdate": () => updates.download(),
      "app.cancelDownload": async () => updates.cancelDownload(),
      "app.installUpdate": () => updates.install(),
      "app.postponeUpdate": () => updates.postpone(),
      "app.rollBack": () => updates.rollBack(),
    };
  }

  get view(): AppView {
    const { login, loginAsked, updates, notices, repair } = this.#options;
    return {
      safeMode: this.#safeMode,
      login: { enabled: this.#loginEnabled, asked: loginAsked(), impossible: login.impossible },
      crashReports: this.#crashReports,
      updates: updates.view,
      notices: [...notices.list()],
      wrongSettings: [...repair.wrongSettings],
      ledgerCopy: repair.ledgerCopy,
    };
  }

  /** Called with the view after each change of it. Returns the unsubscribe function. */
  onChange(listener: (view: AppView) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Something it shows may have changed. */
  changed(): void {
    const { view } = this;
    const text = JSON.stringify(view);
    if (text === this.#told) return;
    this.#told = text;
    for (const listener of [...this.#listeners]) listener(view);
  }

  /** Reads what the system says again: others can change it. Never rejects. */
  async refresh(): Promise<void> {
    const { login, countCrashReports } = this.#options;
    [this.#loginEnabled, this.#crashReports] = await Promise.all([
      login.read().catch(() => null),
      countCrashReports(),
    ]);
    this.changed();
  }

  /** At the start; resolves with whether there was something to mend. Never rejects. */
  async mendLogin(): Promise<boolean> {
    const mended = await this.#options.login.mend().catch(() => false);
    await this.refresh();
    return mended;
  }

  async leaveSafeMode(): Promise<void> {
    await this.#options.startWork();
    this.noteWork();
  }

  /** Work is taken: whoever started it, from wherever, has left safe mode by that. */
  noteWork(): void {
    if (this.#safeMode === null) return;
    this.#options.crashes.forget();
    this.#safeMode = null;
    this.changed();
  }

  /** The settings say so, from wherever they were changed. */
  async followLogin(enabled: boolean): Promise<void> {
    if (this.#options.login.impossible !== null) return;
    if ((await this.#options.login.read().catch(() => null)) !== enabled) {
      await this.#options.login.write(enabled).catch(() => undefined);
    }
    await this.refresh();
  }

  async #setStartAtLogin(enabled: boolean): Promise<void> {
    await this.#options.login.write(enabled);
    await this.#options.saveLogin(enabled);
    await this.refresh();
  }

  /** Validates name and input before anything happens; answers with the view as it is afterwards, or what was asked. */
  async carryOut(command: AppViewCommand, input: unknown): Promise<AppView>;
  async carryOut(command: unknown, input: unknown): Promise<AppCommandOutput<AppCommandName>>;
  async carryOut(command: unknown, input: unknown): Promise<AppCommandOutput<AppCommandName>> {
    if (!isAppCommandName(command)) {
      throw new AppError({ code: "UNKNOWN_COMMAND", message: "There is no such command", actor: "bug" });
    }
    const parsed = APP_COMMANDS[command].input.safeParse(input ?? {});
    if (!parsed.success) {
      const why = z.prettifyError(parsed.error).replaceAll("\n", " ");
      throw new AppError({ code: "BAD_INPUT", message: `${command}: ${why}`, actor: "bug" });
    }
    const answer = await this.#handle(command, parsed.data);
    if (answer !== undefined) return answer;
    // Whoever listens takes what it was told for newer than an answer.
    this.changed();
    return this.view;
  }

  #handle(command: AppCommandName, input: unknown): Promise<AppCommandOutput<AppCommandName> | undefined> {
    // The table's schemas have checked the input against this very command.
    const handler = this.#handlers[command] as (
      input: unknown,
    ) => Promise<AppCommandOutput<AppCommandName> | undefined>;
    return handler(input);
  }
}
