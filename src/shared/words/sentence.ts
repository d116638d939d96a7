/** Words put one after another: each part ends like a sentence. */

/** "… in /var/lib/bellows" → "… in /var/lib/bellows."; what ends already stays as it is. */
export function asSentence(text: string): string {
  const trimmed = text.trimEnd();
  return trimmed === "" || /[.!?…:]["’”)]?$/.test(trimmed) ? trimmed : `${trimmed}.`;
}
