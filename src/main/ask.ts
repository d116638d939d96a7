/** The questions main asks by itself, in the system's own dialogs: they need no page, and none may be there. */
import { type BrowserWindow, dialog, type MessageBoxOptions } from "electron";
import { currentLanguage, t } from "../shared/words/words.ts";

/** From tray or menu; the window's own button asks in the page. True: stop. */
export async function askToStop(window: BrowserWindow | null, held: number): Promise<boolean> {
  const answer = await ask(window, {
    type: "question",
    message: t("app.ask.stop.question", { count: held }),
    detail: t("app.ask.stop.detail"),
    buttons: [t("app.ask.cancel"), t("app.ask.stop.now")],
    defaultId: 0,
    cancelId: 0,
  });
  return answer === 1;
}

/** From the tray: the GPU is rented out, and its renter keeps it. `until` in ms, null: not known. True: pause. */
export async function askToPauseRented(
  window: BrowserWindow | null,
  name: string,
  until: number | null,
): Promise<boolean> {
  const time = until === null ? null : timeOf(until);
  const answer = await ask(window, {
    type: "question",
    message: t("gpus.rented.title", { name }),
    detail: time === null ? t("gpus.rented.words") : t("gpus.rented.wordsUntil", { time }),
    buttons: [t("app.ask.cancel"), t("gpus.pause")],
    defaultId: 0,
    cancelId: 0,
  });
  return answer === 1;
}

/** A booking ends within days. */
const timeOf = (at: number): string =>
  new Intl.DateTimeFormat(currentLanguage(), { weekday: "long", hour: "2-digit", minute: "2-digit" }).format(
    at,
  );

export type QuitAnswer = "stay" | "finish" | "now";

/** Jobs are held: what quitting means for them is the person's to choose. */
export async function askToQuitHeld(window: BrowserWindow | null, held: number): Promise<QuitAnswer> {
  const answers: readonly QuitAnswer[] = ["stay", "finish", "now"];
  const answer = await ask(window, {
    type: "question",
    message: t("app.ask.quitHeld.question", { count: held }),
    detail: t("app.ask.quitHeld.detail"),
    buttons: [t("app.ask.cancel"), t("app.ask.quitHeld.finish"), t("app.ask.quitHeld.now")],
    defaultId: 1,
    cancelId: 0,
  });
  return answers[answer] ?? "stay";
}

/** A closed window could not be found again, and this desktop minimises none. True: quit. */
export async function askToQuit(window: BrowserWindow): Promise<boolean> {
  const answer = await ask(window, {
    type: "info",
    message: t("app.ask.keepOpen.message"),
    detail: t("app.ask.keepOpen.detail"),
    buttons: [t("app.ask.keepOpen.keep"), t("app.ask.keepOpen.quit")],
    defaultId: 0,
    cancelId: 0,
  });
  return answer === 1;
}

/** A link from outside that names none of our screens: without a word it would look as if it had been followed. */
export async function tellUnknownLink(window: BrowserWindow | null, link: string): Promise<void> {
  await ask(window, {
    type: "info",
    message: t("app.ask.unknownLink.message"),
    detail: link,
    buttons: [t("app.ask.unknownLink.close")],
    defaultId: 0,
    cancelId: 0,
  });
}

/** The page crashed at each try, so it can't ask itself. True: load it once more. */
export async function askAboutCrashingPage(window: BrowserWindow): Promise<boolean> {
  const answer = await ask(window, {
    type: "error",
    message: t("app.ask.pageCrashes.message"),
    detail: t("app.ask.pageCrashes.detail"),
    buttons: [t("app.ask.pageCrashes.close"), t("app.ask.pageCrashes.again")],
    defaultId: 1,
    cancelId: 0,
  });
  return answer === 1;
}

async function ask(window: BrowserWindow | null, options: MessageBoxOptions): Promise<number> {
  const asked = { title: "Bellows", noLink: true, ...options };
  const { response } = await (window === null
    ? dialog.showMessageBox(asked)
    : dialog.showMessageBox(window, asked));
  return response;
}
