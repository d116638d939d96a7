/**
 * What belongs to the desktop app and not to the engine: updates, start at login, safe mode, crash reports. The main
 * process owns it, the preload exposes it as `window.bellows.app`; a dashboard served by a headless engine has none.
 * What the person wants of it (channel, feed, notices that are off) are settings like all others (settings.ts).
 */
import { z } from "zod";
import { ErrorValueSchema } from "../errors.ts";
import { NOTICE_SEVERITIES } from "../notifications/notice.ts";
import { NoticeTypeSchema } from "../notifications/notice-types.ts";
import { SCREEN_NAMES } from "../screens.ts";
import { SaidSchema } from "../words/said.ts";
import { DiagnosticsAnswer, SettingKeySchema } from "./settings.ts";

const TimeMs = z.number().int().nonnegative();
const Text = z.string().max(2000);

export const UpdateChannelSchema = z.enum(["latest", "beta"]);
export type UpdateChannel = z.infer<typeof UpdateChannelSchema>;

export const UpdateOfferSchema = z.object({
  version: Text,
  channel: UpdateChannelSchema,
  /** Plain text: what changed; null: the feed does not say. */
  notes: z.string().max(20_000).nullable(),
  releasedAt: TimeMs.nullable(),
  bytes: z.number().int().nonnegative().nullable(),
});
export type UpdateOffer = z.infer<typeof UpdateOfferSchema>;

/**
 * off: nothing is asked for, see `reason`. none: the feed has nothing newer. held-back: a staged release that is not
 * this machine's turn yet. interrupted: the connection broke too often. waiting: to be installed once the jobs that are held have ended. refused: the feed offers
 * something that must not be installed.
 */
export const UpdatePhaseSchema = z.discriminatedUnion("state", [
  z.object({ state: z.literal("off"), reason: ErrorValueSchema }),
  z.object({ state: z.literal("unasked") }),
  z.object({ state: z.literal("checking") }),
  z.object({ state: z.literal("none") }),
  z.object({ state: z.literal("held-back"), offer: UpdateOfferSchema }),
  z.object({ state: z.literal("offered"), offer: UpdateOfferSchema }),
  z.object({
    state: z.literal("downloading"),
    offer: UpdateOfferSchema,
    bytes: z.number().nonnegative(),
    total: z.number().nonnegative().nullable(),
  }),
  z.object({
    state: z.literal("interrupted"),
    offer: UpdateOfferSchema,
    /** What has come is kept, and continued by the next download. */
    bytes: z.number().nonnegative(),
    total: z.number().nonnegative().nullable(),
    error: ErrorValueSchema,
  }),
  z.object({ state: z.literal("ready"), offer: UpdateOfferSchema }),
  z.object({
    state: z.literal("waiting"),
    /** The version that comes: a newer one, or the previous one again. */
    version: Text,
    jobs: z.number().int().nonnegative(),
  }),
  z.object({ state: z.literal("installing"), version: Text }),
  z.object({ state: z.literal("refused"), version: Text.nullable(), error: ErrorValueSchema }),
  z.object({ state: z.literal("failed"), error: ErrorValueSchema }),
]);
export type UpdatePhase = z.infer<typeof UpdatePhaseSchema>;

export const UpdatesViewSchema = z.object({
  version: Text,
  channel: UpdateChannelSchema,
  /** Address of the folder with the release files; null: none is set. */
  feedUrl: Text.nullable(),
  /** Look by itself and fetch what is found; installing is always asked for. */
  auto: z.boolean(),
  checkedAt: TimeMs.nullable(),
  /**
   * The version that can be brought back; null: none was kept. `ledger`: can it read the ledger as it is now? older: no,
   * it would have to go on from the copy made before; unknown: it was kept by a version that did not write that down.
   */
  previous: z
    .object({ version: Text, keptAt: TimeMs, ledger: z.enum(["same", "older", "unknown"]) })
    .nullable(),
  phase: UpdatePhaseSchema,
});
export type UpdatesView = z.infer<typeof UpdatesViewSchema>;

/** `enabled` is what the system says, not what was asked for; null: it does not say. */
export const LoginItemViewSchema = z.object({
  enabled: z.boolean().nullable(),
  /** The person has answered once; before that it is off and asked for. */
  asked: z.boolean(),
  /** Why it can't be switched here; null: it can. */
  impossible: Text.nullable(),
});
export type LoginItemView = z.infer<typeof LoginItemViewSchema>;

/** shared/notifications/notice.ts, as it comes over the bridge. */
export const NoticeSchema = z.object({
  key: Text,
  type: NoticeTypeSchema,
  severity: z.enum(NOTICE_SEVERITIES),
  title: Text,
  titleSaid: SaidSchema.optional(),
  text: z.string().max(20_000),
  textSaid: SaidSchema.optional(),
  screen: z.enum(SCREEN_NAMES),
  lasting: z.boolean(),
  quietFor: z.number().nonnegative(),
});

/** A saved setting that keeps the engine from starting: without it, it would. */
export const WrongSettingSchema = z.object({
  key: SettingKeySchema,
  /** As it was saved; null: a secret. */
  value: Text.nullable(),
});
export type WrongSetting = z.infer<typeof WrongSettingSchema>;

export const AppViewSchema = z.object({
  /** null: a normal start. Else no work is taken until the person leaves it. */
  safeMode: z.object({ crashes: z.number().int().positive() }).nullable(),
  login: LoginItemViewSchema,
  /** They stay on this machine. */
  crashReports: z.object({ count: z.number().int().nonnegative(), newestAt: TimeMs.nullable() }),
  updates: UpdatesViewSchema,
  /** What a person should hear of now, worst first: the same for every window, and while none is open. */
  notices: z.array(NoticeSchema),
  /** Empty unless the engine can't start because of them. */
  wrongSettings: z.array(WrongSettingSchema),
  /** The engine can't start because a newer version wrote the ledger, and this copy of before is there; null: not so. */
  ledgerCopy: z.object({ takenAt: TimeMs }).nullable(),
});
export type AppView = z.infer<typeof AppViewSchema>;

const Nothing = z.strictObject({});
const appCommand = <I extends z.ZodType>(input: I) => ({ input, output: AppViewSchema });

/** Each answers with the whole view as it is afterwards, but for what is only asked. */
export const APP_COMMANDS = {
  "app.get": appCommand(Nothing),
  /** Throws LOGIN_ITEM_FAILED when the system did not take it. */
  "app.setStartAtLogin": appCommand(z.strictObject({ enabled: z.boolean() })),
  /** Take work again and forget the crashes. */
  "app.leaveSafeMode": appCommand(Nothing),
  "app.openCrashReports": appCommand(Nothing),
  /** The folder of the engine's log, or the data folder while there is none. Throws FOLDER_NOT_OPENED. */
  "app.openLogs": appCommand(Nothing),
  /** Until its cause has gone and come back. */
  "app.putAwayNotice": appCommand(z.strictObject({ key: Text })),
  /** One of `wrongSettings`: takes what was saved away and starts the engine. Throws SETTING_NOT_RESET. */
  "app.resetSetting": appCommand(z.strictObject({ key: SettingKeySchema })),
  /** Puts the newer version's ledger aside, and starts the engine on `ledgerCopy`. Throws NO_LEDGER_COPY. */
  "app.useLedgerCopy": appCommand(Nothing),
  /** A report for whoever helps, by the app itself: also while no engine can give one. */
  "app.diagnostics": { input: Nothing, output: DiagnosticsAnswer },
  "app.checkForUpdate": appCommand(Nothing),
  /** From the beginning, or from where an interrupted one stopped. Answers when it has ended. */
  "app.downloadUpdate": appCommand(Nothing),
  /** What has come is kept; the version is fetched again only when asked for. */
  "app.cancelDownload": appCommand(Nothing),
  /** At once when no job is held, else as soon as what is held has ended; no new work is taken until then. */
  "app.installUpdate": appCommand(Nothing),
  /** Give up waiting; work is taken again. */
  "app.postponeUpdate": appCommand(Nothing),
  /** Bring the kept previous version back; waits for jobs as installing does. Throws NO_PREVIOUS_VERSION. */
  "app.rollBack": appCommand(Nothing),
} as const;

export type AppCommandName = keyof typeof APP_COMMANDS;
export type AppCommandInput<C extends AppCommandName> = z.input<(typeof APP_COMMANDS)[C]["input"]>;
export type AppCommandParsed<C extends AppCommandName> = z.output<(typeof APP_COMMANDS)[C]["input"]>;

export type AppCommandOutput<C extends AppCommandName> = z.output<(typeof APP_COMMANDS)[C]["output"]>;
/** Those that answer with the view. */
export type AppViewCommand = {
  [C in AppCommandName]: AppCommandOutput<C> extends AppView ? C : never;
}[AppCommandName];

/** Main's side: one handler per command; void: the answer is the view. */
export type AppHandlers = {
  readonly [C in AppCommandName]: (
    input: AppCommandParsed<C>,
  ) => Promise<C extends AppViewCommand ? void : AppCommandOutput<C>>;
};

export function isAppCommandName(name: unknown): name is AppCommandName {
  return typeof name === "string" && Object.hasOwn(APP_COMMANDS, name);
}

/** Main tells the window: the whole view after every change, and which screen a notice or a link asks for. */
export const APP_EVENTS = {
  "app.changed": AppViewSchema,
  "app.show": z.object({ screen: z.enum(SCREEN_NAMES) }),
} as const;
export type AppEventName = keyof typeof APP_EVENTS;
export type AppEventPayload<E extends AppEventName> = z.output<(typeof APP_EVENTS)[E]>;
