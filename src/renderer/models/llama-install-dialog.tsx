/** Asked before llama.cpp is fetched: how much, under which licences; and from where, when npm can't be asked. */
import { useId, useState } from "react";
import type { LlamaView } from "../../shared/contract/llama.ts";
import { t } from "../../shared/words/words.ts";
import { showBytes } from "../format/bytes.ts";
import { ConfirmDialog } from "../parts/controls/confirm-dialog.tsx";
import { TextField } from "../parts/controls/text-field.tsx";
import { useBridge } from "../state/bridge-context.ts";

interface LlamaInstallDialogProps {
  readonly open: boolean;
  /** Its CUDA build, beside the usual ones. */
  readonly cuda: boolean;
  readonly llama: LlamaView;
  readonly onClose: () => void;
}

export function LlamaInstallDialog({ open, cuda, llama, onClose }: LlamaInstallDialogProps) {
  const bridge = useBridge();
  const label = useId();
  const [registry, setRegistry] = useState("");
  const { builds, bytesToFetch, licences, error } = llama;
  const extra = cuda ? (builds.find(({ id }) => id === "cuda")?.bytes ?? 0) : 0;
  // Only then: who has npm is not asked what a registry is.
  const asksWhere = error?.code === "LLAMA_NPM_MISSING";
  const address = registry.trim();
  const bytes = bytesToFetch + extra;
  const install = () =>
    bridge.invoke("llama.install", { cuda, ...(asksWhere && address !== "" ? { registry: address } : {}) });
  return (
    <ConfirmDialog
      open={open}
      onClose={onClose}
      title={
        bytes === 0 ? t("models.llama.ask.again") : t("models.llama.ask.title", { size: showBytes(bytes) })
      }
      words={t("models.llama.ask.words")}
      confirm={t("models.llama.ask.confirm")}
      blocked={asksWhere && !/^https?:\/\/\S+$/.test(address)}
      onConfirm={install}
    >
      <p className="quiet">{t("models.llama.ask.licences", { names: licences.join(", ") })}</p>
      {asksWhere && (
        <div className="llama-registry">
          <span id={label}>{t("models.llama.ask.registry")}</span>
          <TextField
            labelledBy={label}
            type="url"
            mono
            value={registry}
            onCommit={setRegistry}
            onInput={setRegistry}
          />
        </div>
      )}
    </ConfirmDialog>
  );
}
