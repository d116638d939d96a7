/** The window's menu: hidden until Alt on Windows and Linux, but its shortcuts (zoom, copy, close) always work. */
import { Menu } from "electron";
import { type MenuActions, menuTemplate } from "./menu-template.ts";
import type { TrayModel } from "./tray-model.ts";

/** The work's verbs stand here as in the tray; the menu is set anew only when they change, as they do with the language. */
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
    Menu.setApplicationMenu(Menu.buildFromTemplate(menuTemplate(verbs, this.#actions, process.platform)));
  }
}
