/** The window's menu: hidden until Alt on Windows and Linux, but its shortcuts (zoom, copy, close) always work. */
import { Menu, type MenuItemConstructorOptions } from "electron";

export function installMenu(quit: () => void): void {
  const mac = process.platform === "darwin";
  const template: MenuItemConstructorOptions[] = [
    {
      label: mac ? "Bellows" : "&File",
      submenu: [
        { role: "close", label: "Close Window" },
        { type: "separator" },
        { label: "Quit Bellows", accelerator: "CommandOrControl+Q", click: quit },
      ],
    },
    {
      label: "&Edit",
      submenu: [{ role: "copy" }, { role: "selectAll" }],
    },
    {
      label: "&View",
      submenu: [
        { role: "zoomIn" },
        // The plus key without Shift is what people press.
        { role: "zoomIn", accelerator: "CommandOrControl+=", visible: false },
        { role: "zoomOut" },
        { role: "resetZoom", label: "Normal Size" },
        { type: "separator" },
        { role: "togglefullscreen" },
      ],
    },
  ];
  Menu.setApplicationMenu(Menu.buildFromTemplate(template));
}
