/** English made strange: every letter accented, every text a third longer, placeholders kept. */
const ACCENTED: Readonly<Record<string, string>> = Object.fromEntries(
  [..."aàbƀcçdđeéfƒgğhħiîjĵkķlļmɱnñoôpþqʠrřsštţuûvṽwŵxẋyýzž".matchAll(/(.)(.)/gu)].map(
    ([, plain = "", strange = ""]) => [plain, strange],
  ),
);

export function pseudo<T>(texts: T): T {
  if (typeof texts === "string") return strange(texts) as T;
  return Object.fromEntries(Object.entries(texts as object).map(([key, text]) => [key, pseudo(text)])) as T;
}

function strange(text: string): string {
  const letters = text
    .split(/(\{\{.*?\}\})/)
    .map((part) =>
      part.startsWith("{{") ? part : part.replace(/[a-z]/g, (letter) => ACCENTED[letter] ?? letter),
    )
    .join("");
  return `⟦${letters}${"·".repeat(Math.ceil(text.length / 3))}⟧`;
}
