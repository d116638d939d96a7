/** What is shown of an Ollama on this machine that may write texts for us. */
import { z } from "zod";
import { SaidSchema } from "../words/said.ts";

const Text = z.string().max(2000);

export const OllamaViewSchema = z.object({
  url: Text,
  /**
   * searching: not known yet, or to be looked at again. unreachable: nothing answers. refused: it can't be used, `text`
   * says why. in-use: it has a model loaded for somebody else. ready: it takes jobs for the models it has.
   */
  state: z.enum(["searching", "unreachable", "refused", "in-use", "ready"]),
  version: Text.nullable(),
  /** Whose work it counts as; null: not known. */
  device: z.object({ id: Text, name: Text }).nullable(),
  /** Models of the catalogue that it has, and what it calls them. */
  models: z.array(z.object({ id: Text, name: Text })),
  text: Text,
  said: SaidSchema.optional(),
});
export type OllamaView = z.infer<typeof OllamaViewSchema>;
