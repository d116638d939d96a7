/** What the window's menu holds. Each item has its own words: Electron's are English whatever the language. */
import type { MenuItemConstructorOptions } from "electron";
import { t } from "../shared/words/words.ts";
import type { TrayModel, TrayVerb } from "./tray-model.ts";

export interface MenuActions {
  run(verb: TrayVerb): void;
  quit(): void;
}

export function menuTemplate(
  verbs: TrayModel["verbs"],
  { run, quit }: MenuActions,
  platform: NodeJS.Platform,
): MenuItemConstructorOptions[] {
  const zoomIn = t("app.menu.zoomIn");
  return [
    {
      label: platform === "darwin" ? t("app.menu.app") : t("app.menu.file"),
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
      // On macOS the keys for these work only through the menu.
      label: t("app.menu.edit"),
      submenu: [
        { role: "undo", label: t("app.menu.undo") },
        { role: "redo", label: t("app.menu.redo") },
        { type: "separator" },
        { role: "cut", label: t("app.menu.cut") },
        { role: "copy", label: t("app.menu.copy") },
        { role: "paste", label: t("app.menu.paste") },
        { role: "selectAll", label: t("app.menu.selectAll") },
      ],
    },
    {
      label: t("app.menu.view"),
      submenu: [
        { role: "zoomIn", label: zoomIn },
        // The plus key without Shift is what people press.
        { role: "zoomIn", label: zoomIn, accelerator: "CommandOrControl+=", visible: false },
        { role: "zoomOut", label: t("app.menu.zoomOut") },
        { role: "resetZoom", label: t("app.menu.normalSize") },
        { type: "separator" },
        { role: "togglefullscreen", label: t("app.menu.fullScreen") },
      ],
    },
  ];
}
