/** One address, key or wallet: tried where it can be, read-only where something stronger says it. */

import { CircleCheck, CircleX } from "lucide-react";
import { useId, useState } from "react";
import { faultWhileTyping } from "../../shared/base-address.ts";
import {
  type SettingSource,
  type SettingView,
  type TestConnectionAnswer,
  TestConnectionInput,
} from "../../shared/contract/settings.ts";
import { toErrorValue } from "../../shared/errors.ts";
import { hear } from "../../shared/words/hear.ts";
import { hearError } from "../../shared/words/hear-error.ts";
import { asSentence } from "../../shared/words/sentence.ts";
import { t } from "../../shared/words/words.ts";
import { TextField } from "../parts/controls/text-field.tsx";
import { useBridge } from "../state/bridge-context.ts";
import { addressFault, type FieldProblem, type MarketField } from "./market-choice.ts";

interface MarketFieldProps {
  readonly field: MarketField;
  readonly view: SettingView;
  /** What was typed and is not kept yet. */
  readonly draft: string | undefined;
  /** Found when one wanted to go on. */
  readonly problem: FieldProblem | null;
  readonly onDraft: (draft: string) => void;
}

export function MarketFieldRow({ field, view, draft, problem, onDraft }: MarketFieldProps) {
  const [left, setLeft] = useState(false);
  const label = t(`welcome.markets.${field.word}`);
  const id = useId();
  const fixed = view.source.kind !== "saved" && view.source.kind !== "default";
  const value = draft ?? (typeof view.value === "string" ? view.value : "");
  // A beginning is no mistake before the field is left.
  const fault = field.kind !== "url" || fixed ? null : left ? addressFault(value) : faultWhileTyping(value);
  const wrong = problem ?? fault;
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: only hears that the field within was left.
    <div className="welcome-field" onBlur={() => setLeft(true)} onFocus={() => setLeft(false)}>
      <span id={id}>{label}</span>
      <TextField
        labelledBy={id}
        describedBy={wrong === null ? undefined : `${id}-problem`}
        value={value}
        mono
        disabled={fixed}
        type={field.kind === "secret" ? "password" : field.kind}
        placeholder={field.kind === "secret" && view.isSet ? t("welcome.markets.isSet") : ""}
        autoComplete={field.kind === "secret" ? "new-password" : "off"}
        errorId={wrong === null ? undefined : `${id}-problem`}
        onInput={onDraft}
        onCommit={onDraft}
      />
      {wrong !== null && (
        <p className="welcome-field-note welcome-problem" id={`${id}-problem`}>
          {problemText(wrong)}
        </p>
      )}
      {field.kind === "url" && value !== "" && wrong === null && <Check surface={field.key} url={value} />}
      {fixed && (
        <p className="quiet welcome-field-note">
          {t("welcome.markets.fixed", { source: sourceOf(view.source) })}
        </p>
      )}
    </div>
  );
}

const problemText = (problem: FieldProblem): string =>
  problem === "needUrl" || problem === "needKey"
    ? t(`welcome.markets.problem.${problem}`)
    : t(`settings.markets.fault.${problem}`);

function sourceOf(source: SettingSource): string {
  switch (source.kind) {
    case "file":
      return source.line === null ? source.file : `${source.file}:${source.line}`;
    case "flag":
    case "environment":
      return source.name;
    default:
      return "Bellows";
  }
}

function Check({ surface, url }: { surface: MarketField["key"]; url: string }) {
  const bridge = useBridge();
  const [state, setState] = useState<"idle" | "asking" | TestConnectionAnswer>("idle");
  const asked = TestConnectionInput.shape.surface.safeParse(surface);
  if (!asked.success) return null;
  const ask = () => {
    setState("asking");
    bridge
      .invoke("settings.testConnection", { surface: asked.data, url })
      .then(setState, (thrown: unknown) =>
        setState({ ok: false, text: hearError(toErrorValue(thrown)).sentence, ms: null }),
      );
  };
  return (
    <div className="welcome-field-note welcome-row">
      <button type="button" className="button button-plain" disabled={state === "asking"} onClick={ask}>
        {t(state === "asking" ? "welcome.markets.checking" : "welcome.markets.check")}
      </button>
      <span role="status">
        {typeof state === "object" && (
          <span className={`status-word ${state.ok ? "tone-ok" : "tone-bad"}`}>
            {state.ok ? <CircleCheck size={14} aria-hidden /> : <CircleX size={14} aria-hidden />}
            {asSentence(hear(state.text, state.said))}
          </span>
        )}
      </span>
    </div>
  );
}
