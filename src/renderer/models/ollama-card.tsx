/** An Ollama on this machine that may write texts: what it is, what it does for us, and why not. */
import { CircleCheck, CircleDashed, CircleSlash, CircleX, Search } from "lucide-react";
import type { OllamaView } from "../../shared/contract/ollama.ts";
import { hear } from "../../shared/words/hear.ts";
import { asSentence } from "../../shared/words/sentence.ts";
import { t } from "../../shared/words/words.ts";
import { Card } from "../parts/card.tsx";
import { StatusWord } from "../parts/status-word.tsx";
import { useEngine } from "../state/store.ts";

const LOOKS = {
  searching: { icon: Search, tone: "muted" },
  unreachable: { icon: CircleSlash, tone: "warn" },
  refused: { icon: CircleX, tone: "bad" },
  "in-use": { icon: CircleDashed, tone: "info" },
  ready: { icon: CircleCheck, tone: "ok" },
} as const;

/** Nothing where it was not turned on: the switch is in the settings. */
export function OllamaCard() {
  const ollama = useEngine((state) => state.engine.ollama);
  if (ollama === undefined) return null;
  const { url, version, device, text, said } = ollama;
  return (
    <Card
      title={version === null ? "Ollama" : `Ollama ${version}`}
      aside={<span className="mono">{url}</span>}
    >
      <div className="ollama">
        <StatusWord look={lookOf(ollama)} />
        <span className="ollama-words">{asSentence(hear(text, said))}</span>
        {device !== null && <span className="quiet">{t("models.ollama.device", { name: device.name })}</span>}
      </div>
    </Card>
  );
}

function lookOf({ state }: OllamaView) {
  return { ...LOOKS[state], word: t(`models.ollama.state.${state}`) };
}
