/** The models this machine can run: what is here, what can be fetched, what may run, and the room they take. */
import { Layers } from "lucide-react";
import { t } from "../../shared/words/words.ts";
import { Card } from "../parts/card.tsx";
import { useEngine } from "../state/store.ts";
import { DiskCard } from "./disk-card.tsx";
import { LlamaCard } from "./llama-card.tsx";
import { isReady } from "./model-look.ts";
import { ModelRow } from "./model-row.tsx";
import { OllamaCard } from "./ollama-card.tsx";
import "./models.css";

export function Models() {
  const models = useEngine((state) => state.models);
  const ready = models.filter(isReady).length;
  return (
    <div className="screen">
      <div className="screen-head models-head">
        <h1>{t("models.title")}</h1>
        {models.length > 0 && (
          <p className="quiet figures">{t("models.ready", { ready, all: models.length })}</p>
        )}
      </div>
      <DiskCard models={models} />
      <OllamaCard />
      <Card title={t("models.list")} aside={t("models.listAside")}>
        {models.length === 0 ? (
          <div className="card-empty">
            <Layers size={22} strokeWidth={1.6} aria-hidden />
            <strong>{t("models.empty")}</strong>
            {t("models.emptyHelp")}
          </div>
        ) : (
          <ul className="model-list">
            {models.map((model) => (
              <ModelRow key={model.id} model={model} />
            ))}
          </ul>
        )}
      </Card>
      <LlamaCard />
    </div>
  );
}
