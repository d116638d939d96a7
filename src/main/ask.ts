/** The two questions main asks by itself, in the system's own dialogs: they need no page, and none may be there. */
import { type BrowserWindow, dialog, type MessageBoxOptions } from "electron";

/** From tray or menu; the window's own button asks in the page. True: stop. */
export async function askToStop(window: BrowserWindow | null, held: number): Promise<boolean> {
  const answer = await ask(window, {
    type: "question",
    message: `Stop with ${held} ${held === 1 ? "job" : "jobs"} under way?`,
    detail:
      "What runs ends at once and is given back or counts as failed. Results that are computed are still submitted.",
    buttons: ["Cancel", "Stop Now"],
    defaultId: 0,
    cancelId: 0,
  });
  return answer === 1;
}

/** A closed window could not be found again, and this desktop minimises none. True: quit. */
export async function askToQuit(window: BrowserWindow): Promise<boolean> {
  const answer = await ask(window, {
    type: "info",
    message: "Bellows keeps its window open here",
    detail:
      "This desktop shows no tray icon and does not minimise windows, so a closed Bellows could not be found again. It goes on working behind other windows. To end it, quit: here, with Ctrl+Q, or with Ctrl-C in the terminal it was started from.",
    buttons: ["Keep Open", "Quit Bellows"],
    defaultId: 0,
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
