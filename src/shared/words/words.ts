/**
 * Every text a person reads in the app, by key and language: `t("nav.home")`. English is the source; the compiler holds
 * every other language to the same keys. A catalogue is one file per area and language, so that an area is read at once.
 *
 * In a text `{{name}}` is a value, `key_one` / `key_other` are the plural forms picked by `{ count }`.
 */
import { createInstance, type FormatterModule, type i18n } from "i18next";
import { de } from "./de/de.ts";
import { en } from "./en/en.ts";
import { showValue } from "./numbers.ts";
import { pseudo } from "./pseudo.ts";

export const LANGUAGES = ["en", "de"] as const;
export type Language = (typeof LANGUAGES)[number];
/** Accented and a third longer: shows texts that are in no catalogue, and boxes too small for other languages. */
export const PSEUDO = "en-XA";

/** The same keys as English; each text its own. */
export type Catalogue<T = typeof en> = {
  readonly [K in keyof T]: T[K] extends string ? string : Catalogue<T[K]>;
};

/** Numbers within a text are written as everywhere else in the app; `{{value, capital}}` begins a sentence. */
const numbers: FormatterModule = {
  type: "formatter",
  init: () => undefined,
  add: () => undefined,
  addCached: () => undefined,
  format: (value: unknown, format, language) => showValue(value, format, language ?? "en"),
};

const instance: i18n = createInstance();
instance.use(numbers);
void instance.init({
  lng: "en",
  fallbackLng: "en",
  resources: {
    en: { translation: en },
    de: { translation: de satisfies Catalogue },
    [PSEUDO]: { translation: pseudo(en) },
  },
  interpolation: { escapeValue: false, alwaysFormat: true },
  initAsync: false,
});

/** A text in the current language. Unknown keys do not compile. */
export const t = instance.t;

/** Is there a text with this key, in whatever plural form? */
export const has = (key: string): boolean => instance.exists(key, { count: 1 });

/** The first of the wanted languages that there is; English else. */
export function chooseLanguage(wanted: readonly string[]): Language {
  for (const tag of wanted) {
    const found = LANGUAGES.find((language) => tag.toLowerCase().split("-")[0] === language);
    if (found !== undefined) return found;
  }
  return "en";
}

/** BCP 47 tag of the current language: what `Intl` formats by. */
export const currentLanguage = (): string => instance.language;

/** Resources are here already, so the change is done when this returns. */
export function setLanguage(language: Language | typeof PSEUDO): void {
  void instance.changeLanguage(language);
}

export function onLanguageChange(listener: () => void): () => void {
  instance.on("languageChanged", listener);
  return () => instance.off("languageChanged", listener);
}
