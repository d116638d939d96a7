/** The ladder of back ends as it was climbed down: which faster ones were tried, and what stood in the way of each. */
import { Check, X } from "lucide-react";
import type { DeviceView } from "../../shared/contract/views.ts";
import { hear } from "../../shared/words/hear.ts";
import { asSentence } from "../../shared/words/sentence.ts";
import { t } from "../../shared/words/words.ts";
import { BACKEND_LABELS } from "./device-look.ts";

export function DeviceSteps({ device }: { device: DeviceView }) {
  const { backend, backendSteps = [], name } = device;
  if (backend === null || backendSteps.length === 0) return null;
  return (
    <section className="gpu-part" aria-label={`${t("gpus.steps.title")}: ${name}`}>
      <h3>{t("gpus.steps.title")}</h3>
      <ul className="gpu-signals">
        {backendSteps.map((step) => (
          <li key={step.backend} className="gpu-signal">
            <span className="gpu-signal-state tone-muted">
              <X size={14} aria-label={t("gpus.steps.skipped")} />
            </span>
            <span>{BACKEND_LABELS[step.backend]}</span>
            <span className="quiet">{asSentence(hear(step.reason, step.said))}</span>
          </li>
        ))}
        <li className="gpu-signal">
          <span className="gpu-signal-state tone-ok">
            <Check size={14} aria-label={t("gpus.steps.taken")} />
          </span>
          <span>{BACKEND_LABELS[backend]}</span>
          <span className="quiet">{t("gpus.steps.takenWords")}</span>
        </li>
      </ul>
    </section>
  );
}
