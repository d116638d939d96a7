/** A backup as the person hands it over: 24 words typed, or a file chosen and its passphrase. */
import { useId } from "react";
import { t } from "../../shared/words/words.ts";
import { showBytes } from "../format/bytes.ts";
import { Segmented } from "../parts/controls/segmented.tsx";
import { SecretField } from "./secret-field.tsx";

export interface BackupDraft {
  readonly kind: "phrase" | "file";
  readonly words: string;
  readonly file: { readonly name: string; readonly size: number; readonly text: string } | null;
  readonly passphrase: string;
}

export const NO_BACKUP: BackupDraft = { kind: "phrase", words: "", file: null, passphrase: "" };
const MAX_FILE_BYTES = 64 * 1024;
const WORDS = 24;

export type ReadyBackup =
  | { readonly kind: "phrase"; readonly words: string }
  | { readonly kind: "file"; readonly text: string; readonly passphrase: string };

/** null: something is still missing. */
export function readyBackup(draft: BackupDraft): ReadyBackup | null {
  if (draft.kind === "phrase") {
    const count = draft.words.split(/\s+/).filter((word) => word !== "").length;
    return count >= WORDS ? { kind: "phrase", words: draft.words } : null;
  }
  if (draft.file === null || draft.passphrase === "") return null;
  return { kind: "file", text: draft.file.text, passphrase: draft.passphrase };
}

export function BackupSource({
  draft,
  onChange,
}: {
  draft: BackupDraft;
  onChange: (draft: BackupDraft) => void;
}) {
  const id = useId();
  return (
    <>
      <Segmented
        label={t("identity.source.label")}
        value={draft.kind}
        onChange={(kind) => onChange({ ...draft, kind })}
        options={[
          { value: "phrase", label: t("identity.source.phrase") },
          { value: "file", label: t("identity.source.file") },
        ]}
      />
      {draft.kind === "phrase" ? (
        <div className="form-row">
          <label htmlFor={id}>{t("identity.source.words")}</label>
          <textarea
            id={id}
            className="text-field text-area mono"
            rows={4}
            value={draft.words}
            autoComplete="off"
            autoCapitalize="none"
            spellCheck={false}
            maxLength={2000}
            onChange={(event) => onChange({ ...draft, words: event.currentTarget.value })}
          />
        </div>
      ) : (
        <>
          <div className="form-row">
            <label htmlFor={id}>{t("identity.source.choose")}</label>
            <input
              id={id}
              className="file-field"
              type="file"
              accept=".json,application/json"
              onChange={(event) => {
                const file = event.currentTarget.files?.[0];
                if (file === undefined || file.size > MAX_FILE_BYTES)
                  return onChange({ ...draft, file: null });
                void file
                  .text()
                  .then((text) => onChange({ ...draft, file: { name: file.name, size: file.size, text } }));
              }}
            />
            <div className="form-hint">
              {draft.file !== null &&
                t("identity.source.chosen", { name: draft.file.name, size: showBytes(draft.file.size) })}
            </div>
          </div>
          <SecretField
            label={t("identity.passphraseOfBackup")}
            value={draft.passphrase}
            onChange={(passphrase) => onChange({ ...draft, passphrase })}
          />
        </>
      )}
    </>
  );
}
