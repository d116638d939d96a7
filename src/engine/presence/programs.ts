/** Programs by name: how they are shown, which of them a person's list means, and which belong to any desktop. */

/** `C:\Games\Cyberpunk2077.exe`, `/opt/game/bin/game --full` → the file's name without its folder. */
function fileName(path: string): string {
  const file = path.trim().split(/[\\/]/).at(-1) ?? "";
  return /\.exe\b/i.test(file) ? file.replace(/(\.exe)\b.*$/i, "$1") : (file.split(" ")[0] ?? file);
}

/** For people: "Cyberpunk2077". */
export function programLabel(path: string): string {
  return fileName(path).replace(/\.exe$/i, "") || path;
}

/** The list may name it with or without .exe, in upper or lower case, or with a folder. */
export function isListed(path: string, list: readonly string[]): boolean {
  const wanted = programLabel(path).toLowerCase();
  return list.some((entry) => programLabel(entry).toLowerCase() === wanted);
}

/** Draws windows on every desktop: no sign that somebody wants the GPU for themselves. */
export function isDesktopProgram(path: string): boolean {
  return DESKTOP.has(programLabel(path).toLowerCase()) || isListed(path, OURS);
}

/** Under NVIDIA's Multi-Process Service its server holds the context of everybody, ours too. */
const OURS = ["bellows", "nvidia-cuda-mps-server"];

const DESKTOP = new Set(
  [
    "Xorg, Xwayland, X, gnome-shell, gnome-remote-desktop-daemon, mutter, kwin_x11, kwin_wayland, plasmashell, sway",
    "Hyprland, weston, cinnamon, xfwm4, compiz, picom, marco, budgie-wm, cosmic-comp, nautilus, gnome-control-center",
    "dwm, explorer, csrss, SearchHost, SearchApp, StartMenuExperienceHost, ShellExperienceHost, TextInputHost, LockApp",
    "ApplicationFrameHost, SystemSettings, Widgets, PhoneExperienceHost, NVIDIA Overlay, nvcontainer, NVDisplay.Container",
    "chrome, chromium, firefox, msedge, msedgewebview2, brave, opera, vivaldi, Web, Isolated, WebExtensions",
    "slack, Discord, Teams, ms-teams, signal-desktop, telegram-desktop, spotify, thunderbird, Code, code-oss, electron",
    "steam, steamwebhelper, EpicGamesLauncher, EpicWebHelper",
  ]
    .join(", ")
    .toLowerCase()
    .split(", "),
);
