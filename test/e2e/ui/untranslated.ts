/**
 * Texts of a page in the pseudo-locale that come from no catalogue. There every letter of a catalogue is accented, so a
 * plain word is somebody's name, a value, or a leak. What is quoted as it came is marked with its language (`lang="en"`).
 */
import type { Page } from "playwright";

/** Long enough to be a word, too long for a unit. */
const WORD = /[a-z]{4,}/g;
/** Ids, digests, addresses, names of files and settings. */
const VALUE = /[\d_/…@=]|\w\.\w/;
const QUOTED = 'code, pre, textarea, .mono, noscript, [lang="en"], script, style';

/** `names`: what is called the same in every language. */
export async function untranslated(page: Page, names: readonly string[]): Promise<string[]> {
  const texts = await page.evaluate((quoted) => {
    const found: string[] = [];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
      if (node.parentElement?.closest(quoted) === null) found.push(node.textContent ?? "");
    }
    for (const element of document.querySelectorAll("[aria-label], [title], [placeholder], [alt]")) {
      if (element.closest(quoted) !== null) continue;
      for (const name of ["aria-label", "title", "placeholder", "alt"])
        found.push(element.getAttribute(name) ?? "");
    }
    return found;
  }, QUOTED);
  const known = new Set(names.flatMap((name) => name.match(WORD) ?? []));
  const isPlain = (text: string) =>
    text
      .split(/\s+/)
      .filter((part) => !VALUE.test(part))
      .some((part) => (part.match(WORD) ?? []).some((word) => !known.has(word)));
  return [...new Set(texts)].filter(isPlain);
}
