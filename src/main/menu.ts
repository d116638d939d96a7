/** The window's menu: hidden until Alt on Windows and Linux, but its shortcuts (zoom, copy, close) always work. */
import { Menu, type MenuItemConstructorOptions } from "electron";
import { t } from "../shared/words/words.ts";
import type { TrayModel, TrayVerb } from "./tray-model.ts";

export interface MenuActions {
  run(verb: TrayVerb): void;
  quit(): void;
}

/** The work's verbs stand here as in the tray; the menu is set anew only when they change. */
export class AppMenu {
  readonly #actions: MenuActions;
  #shown = "";

  constructor(actions: MenuActions) {
    this.#actions = actions;
  }

  update({ verbs }: Pick<TrayModel, "verbs">): void {
    const wanted = JSON.stringify(verbs);
    if (wanted === this.#shown) return;
    this.#shown = wanted;
    Menu.setApplicationMenu(Menu.buildFromTemplate(this.#template(verbs)));
  }

  #template(verbs: TrayModel["verbs"]): MenuItemConstructorOptions[] {
    const mac = process.platform === "darwin";
    const { run, quit } = this.#actions;
    return [
      {
        label: mac ? t("app.menu.app") : t("app.menu.file"),
        submenu: [
          { role: "close", label: t("app.menu.close") },
          { type: "separator" },
          { label: t("app.menu.quit"), accelerator: "CommandOrControl+Q", click: quit },
        ],
      },
      {
        label: t("app.menu.work"),
        submenu: verbs.map(({ verb, label, enabled }) => ({ label, enabled, click: () => run(verb) })),
      },
      {
        label: t("app.menu.edit"),
        submenu: [{ role: "copy" }, { role: "selectAll" }],
      },
      {
        label: t("app.menu.view"),
        submenu: [
          { role: "zoomIn" },
          // The plus key without Shift is what people press.
          { role: "zoomIn", accelerator: "CommandOrControl+=", visible: false },
          { role: "zoomOut" },
          { role: "resetZoom", label: t("app.menu.normalSize") },
          { type: "separator" },
          { role: "togglefullscreen" },
        ],
      },
    ];
  }
}
