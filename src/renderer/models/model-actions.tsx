/** The buttons of a model's row: the next step of its download, and giving it up. */
import { useState } from "react";
import type { ModelView } from "../../shared/contract/models.ts";
import { t } from "../../shared/words/words.ts";
import { showBytes } from "../format/bytes.ts";
import { ConfirmDialog } from "../parts/controls/confirm-dialog.tsx";
import { useBridge } from "../state/bridge-context.ts";
import { usePage } from "../state/store.ts";
import type { CommandRunner } from "../state/use-command.ts";

type Step = "models.download" | "models.pause" | "models.resume";

interface Next {
  readonly step: Step;
  readonly words: string;
}

function nextStep({ state, bytesTotal, sources }: ModelView): Next | null {
  // What only Ollama can fetch is not fetched from here.
  if (sources.every(({ kind }) => kind === "ollama")) return null;
  switch (state) {
    case "present":
      return null;
    case "missing":
      return {
        step: "models.download",
        words: t("models.action.downloadSize", { size: showBytes(bytesTotal) }),
      };
    case "corrupt":
      return { step: "models.download", words: t("models.action.again") };
    case "downloading":
      return { step: "models.pause", words: t("models.action.pause") };
    case "paused":
      return { step: "models.resume", words: t("models.action.resume") };
    case "failed":
      return { step: "models.resume", words: t("models.action.retry") };
  }
}

export function ModelActions({ model, command }: { model: ModelView; command: CommandRunner }) {
  const bridge = useBridge();
  const stale = usePage((page) => page.stale);
  const [asking, setAsking] = useState(false);
  const { id, state, bytes, allowed } = model;
  const next = nextStep(model);
  const underWay = state === "downloading" || state === "paused" || state === "failed";
  const blocked = stale || command.pending !== null;
  const discard = () => (bytes === 0 ? void command.run("models.cancel", { id }) : setAsking(true));
  return (
    <div className="model-actions">
      {underWay && (
        <button
          type="button"
          className="button button-plain"
          aria-label={t("models.action.of", { action: t("models.action.discard"), id })}
          disabled={blocked}
          onClick={discard}
        >
          {t("models.action.discard")}
        </button>
      )}
      {next !== null && (
        <button
          type="button"
          className="button"
          aria-label={t("models.action.of", { action: next.words, id })}
          disabled={blocked || (!allowed && next.step !== "models.pause")}
          aria-busy={command.pending === next.step}
          onClick={() => void command.run(next.step, { id })}
        >
          {next.words}
        </button>
      )}
      <ConfirmDialog
        open={asking}
        onClose={() => setAsking(false)}
        title={t("models.discardAsk.title", { id })}
        words={t("models.discardAsk.words", { size: showBytes(bytes) })}
        confirm={t("models.discardAsk.yes")}
        destructive
        onConfirm={() => bridge.invoke("models.cancel", { id })}
      />
    </div>
  );
}
