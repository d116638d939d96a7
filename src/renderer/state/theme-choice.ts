/** Dark or light: what the person chose, else what the system says, written on <html> for the tokens to follow. */

export const THEMES = ["system", "dark", "light"] as const;
export type Theme = (typeof THEMES)[number];

/** What was chosen last, so that the page begins in its colours before the engine has said anything. */
const KEPT = "bellows.theme";

let system: MediaQueryList | null = null;
let chosen: Theme = "system";

/** Once, before anything is drawn. */
export function followTheme(): void {
  system = window.matchMedia("(prefers-color-scheme: light)");
  system.addEventListener("change", write);
  chosen = themeOf(kept());
  write();
}

export function chooseTheme(theme: Theme): void {
  if (theme === chosen) return;
  chosen = theme;
  write();
  try {
    window.localStorage.setItem(KEPT, theme);
  } catch {
    // A page that may keep nothing asks the engine anew each time.
  }
}

export const themeOf = (value: unknown): Theme => THEMES.find((theme) => theme === value) ?? "system";

function write(): void {
  document.documentElement.dataset.theme =
    chosen === "system" ? (system?.matches ? "light" : "dark") : chosen;
}

function kept(): string | null {
  try {
    return window.localStorage.getItem(KEPT);
  } catch {
    return null;
  }
}
