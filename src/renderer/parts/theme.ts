/** The look in use, for what is painted and not styled: canvas reads a token's value, and hears when the look changes. */

/** A token of styles/tokens.css as it is now: `tokenValue("--ember")`. */
export function tokenValue(name: `--${string}`): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

/** A colour token with some of its opacity; what is no `#rrggbb` comes back whole. */
export function withOpacity(colour: string, opacity: number): string {
  if (!/^#[0-9a-f]{6}$/i.test(colour)) return colour;
  const byte = Math.round(Math.min(1, Math.max(0, opacity)) * 255);
  return colour + byte.toString(16).padStart(2, "0");
}

/** The system's or the person's choice of dark and light has changed, or the size of text. Returns the unsubscribe function. */
export function onThemeChange(listener: () => void): () => void {
  const system = window.matchMedia("(prefers-color-scheme: dark)");
  system.addEventListener("change", listener);
  const chosen = new MutationObserver(listener);
  chosen.observe(document.documentElement, { attributes: true });
  return () => {
    system.removeEventListener("change", listener);
    chosen.disconnect();
  };
}
