/**
 * Notices outside the window: what appears while nobody looks is told by the system's own notification, and a click
 * opens the window at the cause. While the window is in front its banners say the same.
 */
import { Notification } from "electron";
import type { Notice } from "../shared/notifications/notice.ts";
import { hear } from "../shared/words/hear.ts";

export interface NotifierOptions {
  readonly iconFile: string;
  /** The person looks at the window now. */
  readonly isWatched: () => boolean;
  readonly open: (notice: Notice) => void;
}

export class Notifier {
  readonly #options: NotifierOptions;
  /** Held, or the garbage collector would take the click with the object. */
  readonly #shown = new Map<string, Notification>();

  constructor(options: NotifierOptions) {
    this.#options = options;
  }

  tell(notice: Notice): void {
    const { isWatched, iconFile, open } = this.#options;
    if (isWatched() || !Notification.isSupported()) return;
    this.#shown.get(notice.key)?.close();
    const notification = new Notification({
      title: hear(notice.title, notice.titleSaid),
      body: hear(notice.text, notice.textSaid),
      icon: iconFile,
      silent: notice.severity !== "bad",
      urgency: notice.severity === "bad" ? "critical" : "normal",
    });
    const forget = () => this.#shown.delete(notice.key);
    notification.on("click", () => {
      forget();
      open(notice);
    });
    notification.on("close", forget);
    notification.on("failed", forget);
    this.#shown.set(notice.key, notification);
    notification.show();
  }

  dispose(): void {
    for (const notification of this.#shown.values()) notification.close();
    this.#shown.clear();
  }
}
