/** The tray icon and its menu: draws the model, and only when it changed. */
import path from "node:path";
import { Menu, type MenuItemConstructorOptions, nativeImage, nativeTheme, Tray } from "electron";
import { t } from "../shared/words/words.ts";
import type { TrayAction, TrayIcon, TrayItem, TrayModel } from "./tray-model.ts";

export interface TrayActions {
  run(action: TrayAction): void;
  open(): void;
  quit(): void;
}

export class TrayController {
  readonly #tray: Tray;
  readonly #iconFolder: string;
  readonly #actions: TrayActions;
  #shown: TrayModel;
  readonly #onTheme = () => this.#drawIcon();

  constructor(iconFolder: string, model: TrayModel, actions: TrayActions) {
    this.#iconFolder = iconFolder;
    this.#actions = actions;
    this.#shown = model;
    this.#tray = new Tray(trayImage(iconFolder, model.icon));
    // On macOS a click opens the menu; elsewhere it brings the window.
    if (process.platform !== "darwin") this.#tray.on("click", () => actions.open());
    nativeTheme.on("updated", this.#onTheme);
    this.#drawText();
  }

  get model(): TrayModel {
    return this.#shown;
  }

  update(model: TrayModel): void {
    const before = this.#shown;
    this.#shown = model;
    if (model.icon !== before.icon) this.#drawIcon();
    // Linux shows a changed menu only when it is set anew; doing so for nothing would close one that is open.
    if (JSON.stringify({ ...model, tooltip: "" }) !== JSON.stringify({ ...before, tooltip: "" }))
      this.#drawText();
    else if (model.tooltip !== before.tooltip) this.#tray.setToolTip(model.tooltip);
  }

  dispose(): void {
    nativeTheme.off("updated", this.#onTheme);
    this.#tray.destroy();
  }

  #drawIcon(): void {
    this.#tray.setImage(trayImage(this.#iconFolder, this.#shown.icon));
  }

  #drawText(): void {
    this.#tray.setToolTip(this.#shown.tooltip);
    this.#tray.setContextMenu(Menu.buildFromTemplate(this.#template()));
  }

  #template(): MenuItemConstructorOptions[] {
    const { line, urgent, verbs, devices, switches, quit } = this.#shown;
    const groups: MenuItemConstructorOptions[][] = [
      [{ label: line, enabled: false }],
      urgent.map((item) => this.#item(item)),
      verbs.map(({ verb, label, enabled }) => ({
        label,
        enabled,
        click: () => this.#actions.run({ kind: "verb", verb }),
      })),
      devices.map(({ label, items }) =>
        items.length === 0
          ? { label, enabled: false }
          : { label, submenu: items.map((item) => this.#item(item)) },
      ),
      switches.map((item) => this.#item(item)),
      [
        { label: t("app.tray.open"), click: () => this.#actions.open() },
        { label: quit, click: () => this.#actions.quit() },
      ],
    ];
    return groups
      .filter((group) => group.length > 0)
      .flatMap((group, index) => (index === 0 ? group : [{ type: "separator" as const }, ...group]));
  }

  #item({ label, action, checked }: TrayItem): MenuItemConstructorOptions {
    return {
      label,
      ...(checked === undefined ? {} : { type: "checkbox" as const, checked }),
      click: () => this.#actions.run(action),
    };
  }
}

/** Electron finds the @2x picture beside it by name, and on macOS colours what is called Template. */
function trayImage(folder: string, icon: TrayIcon) {
  const theme = process.platform === "darwin" ? "Template" : panelIsDark() ? "dark" : "light";
  return nativeImage.createFromPath(path.join(folder, "tray", `tray-${icon}-${theme}.png`));
}

/** Linux panels are dark in nearly every desktop, also in light themes; Windows' taskbar follows the system. */
function panelIsDark(): boolean {
  return process.platform === "linux" || nativeTheme.shouldUseDarkColors;
}
