/** Why a model is not ready, where that is more than not having been fetched; and why the last command was refused. */
import type { ModelView } from "../../shared/contract/models.ts";
import type { ErrorValue } from "../../shared/errors.ts";
import { t } from "../../shared/words/words.ts";
import { ErrorNote, Note } from "../parts/note.tsx";
import { useEngine } from "../state/store.ts";
import { useOllamaHas } from "./model-look.ts";

export function ModelReason({ model, error }: { model: ModelView; error: ErrorValue | null }) {
  const { state, heldBackBy, sources } = model;
  const ollamaHasIt = useOllamaHas(model.id);
  const pull = sources.find(({ kind }) => kind === "ollama");
  const llama = useEngine((engine) => engine.llama);
  const needsLlama =
    model.task === "generate" &&
    sources.some(({ kind }) => kind !== "ollama") &&
    model.ollama === undefined &&
    llama?.offered === true &&
    llama.version === null;
  const own = state === "failed" || state === "corrupt" ? model.error : null;
  return (
    <>
      {heldBackBy === "list" && <Note tone="info">{t("models.byList")}</Note>}
      {heldBackBy === "person" && <Note tone="info">{t("models.byPerson")}</Note>}
      {state === "missing" && !ollamaHasIt && pull !== undefined && (
        <Note tone="info">{t("models.pull", { name: pull.name, section: t("settings.sections.work") })}</Note>
      )}
      {needsLlama && <Note tone="info">{t("models.needsLlama")}</Note>}
      {own !== null && <ErrorNote error={own} />}
      {error !== null && error.message !== own?.message && <ErrorNote error={error} alert />}
    </>
  );
}
