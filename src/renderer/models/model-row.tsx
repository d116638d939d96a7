/** One model: its state with the one action that makes sense now; opened, every fact and what may be done with it. */
import { ChevronRight } from "lucide-react";
import { useId, useState } from "react";
import type { ModelView } from "../../shared/contract/models.ts";
import { t } from "../../shared/words/words.ts";
import { showBytes } from "../format/bytes.ts";
import { showGigabytes } from "../format/reading.ts";
import { StatusWord } from "../parts/status-word.tsx";
import { useCommand } from "../state/use-command.ts";
import { ModelActions } from "./model-actions.tsx";
import { ModelDetails } from "./model-details.tsx";
import { modelLook, taskName, useOllamaHas } from "./model-look.ts";
import { ModelProgress } from "./model-progress.tsx";
import { ModelReason } from "./model-reason.tsx";

export function ModelRow({ model }: { model: ModelView }) {
  const [open, setOpen] = useState(false);
  const details = useId();
  const command = useCommand();
  const ollamaHasIt = useOllamaHas(model.id);
  return (
    <li className="model" data-model={model.id}>
      <div className="model-line">
        <button
          type="button"
          className="model-open"
          aria-expanded={open}
          aria-controls={details}
          onClick={() => setOpen(!open)}
        >
          <ChevronRight size={16} className="model-chevron" aria-hidden />
          <span className="model-name">
            <span className="clip strong">{model.id}</span>
            <span className="clip quiet">
              {taskName(model.task)} · {model.version}
            </span>
          </span>
        </button>
        <dl className="model-facts">
          <div>
            <dt>{t("models.fact.size")}</dt>
            <dd className="nowrap">{showBytes(model.bytesTotal)}</dd>
          </div>
          <div>
            <dt>{t("models.fact.vram")}</dt>
            <dd className="nowrap">{showGigabytes(model.vramMb)} GB</dd>
          </div>
          <div className="model-licence">
            <dt>{t("models.fact.licence")}</dt>
            <dd className="clip" title={model.licence}>
              {model.licence}
            </dd>
          </div>
        </dl>
        <StatusWord look={modelLook(model, ollamaHasIt)} />
        <ModelActions model={model} command={command} />
      </div>
      <ModelProgress model={model} />
      <ModelReason model={model} error={command.error} />
      <div id={details} hidden={!open}>
        {open && <ModelDetails model={model} command={command} />}
      </div>
    </li>
  );
}
