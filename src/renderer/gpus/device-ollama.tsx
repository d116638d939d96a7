/** What an Ollama does with this device for us; nothing where it takes another one, or was not turned on. */
import { hear } from "../../shared/words/hear.ts";
import { asSentence } from "../../shared/words/sentence.ts";
import { t } from "../../shared/words/words.ts";
import { useEngine } from "../state/store.ts";

export function DeviceOllama({ deviceId }: { deviceId: string }) {
  const ollama = useEngine((state) => state.engine.ollama);
  if (ollama === undefined || ollama.device?.id !== deviceId) return null;
  const name = ollama.version === null ? "Ollama" : `Ollama ${ollama.version}`;
  return (
    <p className="gpu-ollama quiet">
      {t("gpus.ollama", { name, words: asSentence(hear(ollama.text, ollama.said)) })}
    </p>
  );
}
