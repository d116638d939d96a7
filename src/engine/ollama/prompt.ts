/**
 * What a model is given to read, letter by letter, since Ollama puts nothing around it: a text to go on with as it is,
 * a conversation as the catalogue says that this model was taught it.
 */
import { AppError, unreachable } from "../../shared/errors.ts";
import type { ChatMessage, GenerateWork } from "../../shared/work.ts";
import type { OllamaModel } from "./model.ts";
import type { Vocabulary } from "./vocabulary.ts";

type ChatFormat = NonNullable<OllamaModel["generate"]["chat"]>;

/** Why Ollama can't do this work as the job wants it, before it is asked; null: it can be tried. */
export function obstacleTo(work: GenerateWork, { id, generate }: OllamaModel): AppError | null {
  if (typeof work.prompt === "string" || generate.chat !== undefined) return null;
  return mismatch(`Ollama would put this conversation in words of its own: ${id} takes a prompt there`);
}

/** Throws WORK_MISMATCH. */
export function promptText(work: GenerateWork, model: OllamaModel, vocabulary: Vocabulary): string {
  const obstacle = obstacleTo(work, model);
  if (obstacle !== null) throw obstacle;
  const { chat } = model.generate;
  if (typeof work.prompt !== "string") return chat === undefined ? "" : conversation(work.prompt, chat);
  // Ollama reads its spelling as the token itself; here it is plain text.
  const special = vocabulary.specialIn(work.prompt);
  if (special !== null)
    throw mismatch(`The prompt spells the special token ${special}, which Ollama does not read as text`);
  return work.prompt;
}

export function conversation(messages: readonly ChatMessage[], chat: ChatFormat): string {
  switch (chat.format) {
    case "chatml": {
      const begins = messages[0]?.role === "system" || chat.system === "";
      const all = begins ? messages : [{ role: "system", content: chat.system }, ...messages];
      const turns = all.map(({ role, content }) => `<|im_start|>${role}\n${content}<|im_end|>\n`);
      return `${turns.join("")}<|im_start|>assistant\n`;
    }
    default:
      return unreachable(chat.format);
  }
}

function mismatch(message: string): AppError {
  return new AppError({ code: "WORK_MISMATCH", message, actor: "market" });
}
