/** A sentence that needs attention, with what to do about it. */
import { CircleX, Info, type LucideIcon, TriangleAlert } from "lucide-react";
import type { ReactNode } from "react";
import type { ErrorValue } from "../../shared/errors.ts";
import { hearError } from "../../shared/words/hear-error.ts";
import { asSentence } from "../../shared/words/sentence.ts";
import { t } from "../../shared/words/words.ts";
import type { Tone } from "./tone.ts";

interface NoteProps {
  tone: Extract<Tone, "info" | "warn" | "bad">;
  icon?: LucideIcon;
  children: ReactNode;
  help?: ReactNode;
  actions?: ReactNode;
  /** Say it at once to who can't see it. */
  alert?: boolean;
}

const ICONS = { info: Info, warn: TriangleAlert, bad: CircleX } as const;

export function Note({ tone, icon: Icon = ICONS[tone], children, help, actions, alert = false }: NoteProps) {
  return (
    <div className={`note tone-${tone}`} role={alert ? "alert" : undefined}>
      <Icon size={16} className="note-icon" aria-hidden />
      <div className="note-body">
        <div>{children}</div>
        {help != null && help !== "" && <div className="note-help">{help}</div>}
      </div>
      {actions !== undefined && <div className="note-actions">{actions}</div>}
    </div>
  );
}

export function ErrorNote({
  error,
  actions,
  onRetry,
  alert,
}: {
  error: ErrorValue;
  actions?: ReactNode;
  /** Offers to try again, where it has no actions of its own. */
  onRetry?: () => void;
  alert?: boolean;
}) {
  const { sentence, detail, help } = hearError(error);
  return (
    <Note
      tone={error.actor === "bug" || error.actor === "user" ? "bad" : "warn"}
      alert={alert ?? false}
      help={
        <>
          {help !== null && <div>{asSentence(help)}</div>}
          {detail !== null && <div lang="en">{asSentence(detail)}</div>}
          <div className="note-actor">
            {t(`shell.actor.${error.actor}`)} · <span className="mono">{error.code}</span>
          </div>
        </>
      }
      actions={
        onRetry === undefined ? (
          actions
        ) : (
          <button type="button" className="button button-plain" onClick={onRetry}>
            {t("shell.tryAgain")}
          </button>
        )
      }
    >
      {asSentence(sentence)}
    </Note>
  );
}
