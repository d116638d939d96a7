/**
 * A key's seed as 24 words a person can print: BIP-39 (English list, checksum included), here only as a way to write
 * 32 bytes down. No passphrase and no derivation: the words are the seed.
 */
import { entropyToMnemonic, mnemonicToEntropy } from "@scure/bip39";
import { wordlist } from "@scure/bip39/wordlists/english.js";
import { AppError } from "../../shared/errors.ts";
import { SEED_BYTES } from "./ml-dsa.ts";

const WORDS = 24;
const KNOWN = new Set(wordlist);

export function phraseOf(seed: Uint8Array): string {
  return entropyToMnemonic(seed, wordlist);
}

/** Case, line breaks and numbers in front of words do not matter. Throws PHRASE_WRONG naming what is wrong, never a word that is right. */
export function seedOfPhrase(text: string): Uint8Array {
  const words = text
    .normalize("NFKD")
    .toLowerCase()
    .split(/[\s,]+/)
    .filter((word) => word !== "" && !/^\d+[.):]?$/.test(word));
  if (words.length !== WORDS) throw wrong(`it has ${words.length} words instead of ${WORDS}`);
  const unknown = words.findIndex((word) => !KNOWN.has(word));
  if (unknown !== -1) throw wrong(`word ${unknown + 1} is not in the list`);
  let seed: Uint8Array;
  try {
    seed = mnemonicToEntropy(words.join(" "), wordlist);
  } catch {
    throw wrong("its checksum does not fit: two words may be swapped or one misread");
  }
  if (seed.length !== SEED_BYTES) throw wrong("it is of another length");
  return seed;
}

function wrong(why: string): AppError {
  return new AppError({
    code: "PHRASE_WRONG",
    message: `This is not a recovery phrase of Bellows: ${why}`,
    actor: "user",
    help: "Copy all 24 words in their order.",
  });
}
