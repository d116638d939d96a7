/** One market's fields: changed together and saved together, because an address without its key is of no use. */

import { CircleCheck, CircleX } from "lucide-react";
import { useState } from "react";
import { faultWhileTyping, readBaseAddress } from "../../shared/base-address.ts";
import type { SettingKey, SettingPatch } from "../../shared/contract/settings.ts";
import { toErrorValue } from "../../shared/errors.ts";
import { hear } from "../../shared/words/hear.ts";
import { hearError } from "../../shared/words/hear-error.ts";
import { decimalMark } from "../../shared/words/numbers.ts";
import { currentLanguage, t } from "../../shared/words/words.ts";
import { readTyped, typedProblemText } from "../format/typed-decimal.ts";
import { TextField } from "../parts/controls/text-field.tsx";
import { ErrorNote } from "../parts/note.tsx";
import { StatusWord } from "../parts/status-word.tsx";
import { useBridge } from "../state/bridge-context.ts";
import { useEngine } from "../state/store.ts";
import { Origin, Row } from "./row.tsx";
import { isFixed, textValue, useSettingsChange } from "./use-setting.ts";

export interface MarketField {
  readonly key: SettingKey;
  readonly label: string;
  readonly help?: string;
  /** amount: decimal, shown and typed with the mark of the page's language. */
  readonly kind: "address" | "secret" | "text" | "amount";
  readonly unit?: string;
}

/** What was typed and not saved yet; null: to be taken away. */
type Draft = Readonly<Partial<Record<SettingKey, string | null>>>;

export function MarketForm({ title, fields }: { title: string; fields: readonly MarketField[] }) {
  const [draft, setDraft] = useState<Draft>({});
  /** Saving was tried with an address that can't be one: now even a beginning is a mistake. */
  const [tried, setTried] = useState(false);
  const { change, error, pending } = useSettingsChange();
  const isChanged = Object.keys(draft).length > 0;
  const type = (key: SettingKey, text: string | null, saved: string) => {
    const { [key]: _, ...rest } = draft;
    setDraft(text === saved ? rest : { ...rest, [key]: text });
  };
  const wrong = fields.some(({ key, kind }) => faultOf(kind, draft[key] ?? "", true) !== null);
  const save = async () => {
    if (wrong) return setTried(true);
    const patch: SettingPatch = Object.fromEntries(
      fields.flatMap(({ key, kind }) => {
        const text = draft[key];
        return text === undefined ? [] : [[key, text?.trim() ? savedForm(kind, text.trim()) : null]];
      }),
    );
    if (await change(patch)) {
      setDraft({});
      setTried(false);
    }
  };
  return (
    <form
      className="market-form"
      aria-label={title}
      onSubmit={(event) => {
        event.preventDefault();
        void save();
      }}
    >
      <h3 className="market-title">{title}</h3>
      {fields.map((field) => (
        <Field key={field.key} field={field} draft={draft[field.key]} tried={tried} onType={type} />
      ))}
      {error !== null && <ErrorNote error={error} alert />}
      {isChanged && (
        <div className="market-actions">
          <span className="quiet">{t("settings.markets.unsaved")}</span>
          <button type="button" className="button button-plain" onClick={() => setDraft({})}>
            {t("settings.markets.discard")}
          </button>
          <button type="submit" className="button button-strong" disabled={pending} aria-busy={pending}>
            {t("settings.markets.save")}
          </button>
        </div>
      )}
    </form>
  );
}

interface FieldProps {
  readonly field: MarketField;
  readonly draft: string | null | undefined;
  /** Somebody wanted to save it. */
  readonly tried: boolean;
  readonly onType: (key: SettingKey, text: string | null, saved: string) => void;
}

function Field({ field, draft, tried, onType }: FieldProps) {
  const [left, setLeft] = useState(false);
  const { key, label, help, kind, unit } = field;
  const view = useEngine((state) => state.settings.values[key]);
  const saved = shownForm(kind, textValue(view));
  const fixed = isFixed(view);
  const text = draft ?? (draft === null ? "" : saved);
  const fault = !fixed && draft !== undefined ? faultOf(kind, text, left || tried) : null;
  const isSecretKept = kind === "secret" && view.isSet && draft === undefined;
  return (
    <Row
      label={label}
      help={
        <>
          {help} <Origin view={view} />
        </>
      }
      error={fault}
      below={
        kind === "address" &&
        text.trim() !== "" &&
        fault === null && <Connection surface={key} url={text.trim()} />
      }
    >
      {(ids) => (
        // biome-ignore lint/a11y/noStaticElementInteractions: only hears that the field within was left.
        <div className="market-field" onBlur={() => setLeft(true)} onFocus={() => setLeft(false)}>
          <TextField
            {...ids}
            type={kind === "secret" ? "password" : "text"}
            mono={kind === "address" || kind === "secret"}
            value={text}
            disabled={fixed}
            maxLength={300}
            autoComplete={kind === "secret" ? "new-password" : "off"}
            {...(kind === "secret"
              ? {
                  placeholder: secretWords(view.isSet && draft !== null, fixed),
                }
              : {})}
            onInput={(typed) => onType(key, typed, saved)}
            onCommit={(typed) => onType(key, typed, saved)}
          />
          {unit !== undefined && <span className="quiet">{unit}</span>}
          {isSecretKept && !fixed && (
            <button
              type="button"
              className="button button-plain"
              aria-label={`${t("settings.markets.forget")}: ${label}`}
              onClick={() => onType(key, null, "")}
            >
              {t("settings.markets.forget")}
            </button>
          )}
        </div>
      )}
    </Row>
  );
}

/** `done`: it is not being typed any more, so that a beginning is all there is. */
function faultOf(kind: MarketField["kind"], text: string, done: boolean): string | null {
  if (text.trim() === "") return null;
  if (kind === "amount") return done ? amountFault(text) : null;
  if (kind !== "address") return null;
  const reading = readBaseAddress(text.trim());
  const fault = !done ? faultWhileTyping(text) : "fault" in reading ? reading.fault : null;
  return fault === null ? null : t(`settings.markets.fault.${fault}`);
}

function amountFault(text: string): string | null {
  const found = readTyped(text, currentLanguage());
  return "decimal" in found ? null : typedProblemText(text, found);
}

/** As it is typed here, of what is saved. */
const shownForm = (kind: MarketField["kind"], saved: string): string =>
  kind === "amount" ? saved.replace(".", decimalMark(currentLanguage())) : saved;

/** As it is saved, of what was typed and has no fault. */
function savedForm(kind: MarketField["kind"], typed: string): string {
  const found = kind === "amount" ? readTyped(typed, currentLanguage()) : null;
  return found !== null && "decimal" in found ? found.decimal : typed;
}

function secretWords(isSet: boolean, fixed: boolean): string {
  if (!isSet) return t("settings.markets.keyNotSet");
  return t(fixed ? "settings.markets.keyIsFixed" : "settings.markets.keyIsSet");
}

const SURFACES = [
  "aitbc.gpu_url",
  "aitbc.coordinator_url",
  "aitbc.rpc_url",
  "aicf.queue_url",
  "aicf.rpc_url",
] as const;

type Tried = { state: "asking" } | { state: "answered"; ok: boolean; text: string; ms: number | null };

/** Is it there? Asked by the engine, for an address that need not be saved. */
function Connection({ surface: key, url }: { surface: SettingKey; url: string }) {
  const bridge = useBridge();
  const [tried, setTried] = useState<(Tried & { url: string }) | null>(null);
  const surface = SURFACES.find((known) => known === key);
  if (surface === undefined) return null;
  const test = () => {
    setTried({ state: "asking", url });
    bridge.invoke("settings.testConnection", { surface, url }).then(
      ({ ok, text, said, ms }) => setTried({ state: "answered", ok, text: hear(text, said), ms, url }),
      (thrown: unknown) =>
        setTried({
          state: "answered",
          ok: false,
          text: hearError(toErrorValue(thrown)).sentence,
          ms: null,
          url,
        }),
    );
  };
  const shown = tried?.url === url ? tried : null;
  return (
    <div className="market-test">
      <button
        type="button"
        className="button button-plain"
        disabled={shown?.state === "asking"}
        onClick={test}
      >
        {t(shown?.state === "asking" ? "settings.markets.testing" : "settings.markets.test")}
      </button>
      <span role="status">
        {shown?.state === "answered" && (
          <StatusWord
            look={{
              icon: shown.ok ? CircleCheck : CircleX,
              tone: shown.ok ? "ok" : "bad",
              word:
                shown.ms === null
                  ? shown.text
                  : t("settings.markets.tested", { text: shown.text, ms: shown.ms }),
            }}
          />
        )}
      </span>
    </div>
  );
}
