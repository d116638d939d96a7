/** The page's own part of the settings: its language and its look, as the engine has them. */
import { chooseLanguage, currentLanguage, setLanguage } from "../../shared/words/words.ts";
import type { PageStore } from "./store.ts";
import { chooseTheme, themeOf } from "./theme-choice.ts";

/** `languages`: what the system's person reads, the dearest first. Returns how to stop. */
export function followSettings(store: PageStore, languages: readonly string[]): () => void {
  return store.subscribe(({ engine }, before) => {
    if (engine === null || engine.settings === before.engine?.settings) return;
    const { values } = engine.settings;
    chooseTheme(themeOf(values["app.theme"]?.value));
    const wanted = values["app.language"]?.value;
    const language = chooseLanguage(typeof wanted === "string" && wanted !== "system" ? [wanted] : languages);
    if (language === currentLanguage()) return;
    setLanguage(language);
    document.documentElement.lang = language;
  });
}
