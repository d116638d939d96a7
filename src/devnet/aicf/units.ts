/** AI units of an embed job: ceil(tokens / 1000), with four characters taken for one token (protocols/aicf.md §2.8). */
const CHARACTERS_PER_TOKEN = 4;
const TOKENS_PER_UNIT = 1000;

export function unitsOf(texts: readonly string[]): number {
  return Math.max(1, Math.ceil(tokensOf(texts) / TOKENS_PER_UNIT));
}

export function tokensOf(texts: readonly string[]): number {
  return Math.ceil(texts.reduce((total, text) => total + text.length, 0) / CHARACTERS_PER_TOKEN);
}
