/** One setting on the screen: its name, what it means, its control, and where its value comes from. */

import { Lock, RotateCcw } from "lucide-react";
import { type ReactNode, useId } from "react";
import type { SettingSource, SettingView } from "../../shared/contract/settings.ts";
import type { ErrorValue } from "../../shared/errors.ts";
import { hearErrorLine } from "../../shared/words/hear-error.ts";
import { t } from "../../shared/words/words.ts";
import { isFixed, type SettingControl } from "./use-setting.ts";

/** For the control: the ids of its name, its explanation and its error. */
export interface RowIds {
  readonly labelledBy: string;
  readonly describedBy: string;
  readonly errorId: string | undefined;
}

interface RowProps {
  readonly label: string;
  readonly help?: ReactNode;
  /** One setting behind it; absent: the row is made of something else. */
  readonly setting?: SettingControl;
  /** A string is a sentence in the page's language already. */
  readonly error?: ErrorValue | string | null;
  /** Under the words, over the whole width. */
  readonly below?: ReactNode | ((ids: RowIds) => ReactNode);
  readonly children?: (ids: RowIds) => ReactNode;
}

export function Row({ label, help, setting, error = setting?.error ?? null, below, children }: RowProps) {
  const id = useId();
  const ids: RowIds = {
    labelledBy: `${id}-label`,
    describedBy: `${id}-help`,
    errorId: error === null ? undefined : `${id}-error`,
  };
  return (
    <div className="setting">
      <div className="setting-words">
        <div className="setting-label" id={ids.labelledBy}>
          {label}
        </div>
        <div className="setting-help" id={ids.describedBy}>
          {help}
          {setting !== undefined && <Origin view={setting.view} />}
        </div>
      </div>
      <div className="setting-control">
        {setting !== undefined && <Reset label={label} setting={setting} />}
        {children?.(ids)}
      </div>
      {error !== null && (
        <p className="setting-error" id={ids.errorId} role="alert">
          {typeof error === "string" ? error : hearErrorLine(error)}
        </p>
      )}
      {typeof below === "function" ? below(ids) : below}
    </div>
  );
}

/** Said elsewhere, or not in force yet. */
export function Origin({ view }: { view: SettingView }) {
  return (
    <>
      {isFixed(view) && (
        <span className="setting-origin">
          <Lock size={12} aria-hidden />
          {sourceWords(view.source)}
        </span>
      )}
      {view.waitsForRestart && <span className="tag tone-info">{t("settings.afterRestart")}</span>}
    </>
  );
}

function Reset({ label, setting }: { label: string; setting: SettingControl }) {
  if (setting.view.source.kind !== "saved") return null;
  return (
    <button
      type="button"
      className="icon-button"
      title={t("settings.reset")}
      aria-label={`${label}: ${t("settings.reset")}`}
      onClick={() => setting.set(null)}
    >
      <RotateCcw size={14} aria-hidden />
    </button>
  );
}

function sourceWords(source: SettingSource): string {
  switch (source.kind) {
    case "flag":
      return t("settings.source.flag", { name: source.name });
    case "environment":
      return t("settings.source.environment", { name: source.name });
    case "file":
      return source.line === null
        ? t("settings.source.file", { file: source.file })
        : t("settings.source.fileLine", { file: source.file, line: source.line });
    case "saved":
    case "default":
      return "";
  }
}
