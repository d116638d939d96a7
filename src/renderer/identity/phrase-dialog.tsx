/**
 * The recovery phrase: shown once after a warning, then some of its words are asked for, which proves that they were
 * written down. The words live in this dialog only and go with it.
 */
import { CircleCheck } from "lucide-react";
import { useId, useState } from "react";
import { type ErrorValue, toErrorValue } from "../../shared/errors.ts";
import { t } from "../../shared/words/words.ts";
import { Dialog } from "../parts/controls/dialog.tsx";
import { ErrorNote, Note } from "../parts/note.tsx";
import { useBridge } from "../state/bridge-context.ts";
import { type KeyDialogProps, passphraseOf } from "./key-dialog.ts";
import { SecretField } from "./secret-field.tsx";

type Step =
  | { readonly at: "warned" }
  | { readonly at: "shown" | "asked"; readonly words: readonly string[]; readonly ask: readonly number[] }
  | { readonly at: "wrong" }
  | { readonly at: "checked" };

export function PhraseDialog({ status, onChange, onClose }: KeyDialogProps) {
  const bridge = useBridge();
  const [step, setStep] = useState<Step>({ at: "warned" });
  const [passphrase, setPassphrase] = useState("");
  const [answers, setAnswers] = useState<readonly string[]>([]);
  const [pending, setPending] = useState(false);
  const [error, setError] = useState<ErrorValue | null>(null);

  const attempt = (work: () => Promise<void>) => {
    setPending(true);
    setError(null);
    work()
      .catch((thrown: unknown) => setError(toErrorValue(thrown)))
      .finally(() => setPending(false));
  };
  const reveal = () =>
    attempt(async () => {
      const { words, ask } = await bridge.invoke("identity.phrase", passphraseOf(passphrase));
      setAnswers(ask.map(() => ""));
      setStep({ at: "shown", words, ask });
    });
  const check = () =>
    attempt(async () => {
      const answer = await bridge.invoke("identity.checkBackup", { kind: "words", words: [...answers] });
      setStep({ at: answer.same ? "checked" : "wrong" });
      if (answer.same) onChange(answer.status);
    });

  const asks = status.asksPassphrase;
  const button = {
    warned: {
      label: t("identity.show.reveal"),
      act: reveal,
      ready: !asks || passphrase !== "",
    },
    shown: {
      label: t("identity.show.next"),
      act: () => {
        if (step.at === "shown") setStep({ ...step, at: "asked" });
      },
      ready: true,
    },
    asked: {
      label: t("identity.show.check"),
      act: check,
      ready: answers.length > 0 && answers.every((word) => word.trim() !== ""),
    },
    wrong: { label: t("identity.show.again"), act: reveal, ready: true },
    checked: { label: t("identity.show.close"), act: onClose, ready: true },
  }[step.at];
  return (
    <Dialog
      open
      onClose={onClose}
      title={step.at === "checked" ? t("identity.show.done") : t("identity.show.title")}
      wide={step.at === "shown"}
      words={wordsOf(step)}
      actions={
        <>
          {step.at !== "checked" && (
            <button type="button" className="button button-plain" onClick={onClose}>
              {t("controls.cancel")}
            </button>
          )}
          <button
            type="submit"
            form="phrase-form"
            className="button button-strong"
            disabled={!button.ready || pending}
            aria-busy={pending}
          >
            {button.label}
          </button>
        </>
      }
    >
      <form
        id="phrase-form"
        className="form"
        onSubmit={(event) => {
          event.preventDefault();
          if (button.ready && !pending) button.act();
        }}
      >
        {step.at === "warned" && asks && (
          <SecretField label={t("identity.passphraseOfKey")} value={passphrase} onChange={setPassphrase} />
        )}
        {step.at === "shown" && (
          <ol className="phrase">
            {step.words.map((word, index) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: a word's place is what it is known by.
              <li key={index}>{word}</li>
            ))}
          </ol>
        )}
        {step.at === "asked" && (
          <div className="asked">
            {step.ask.map((place, index) => (
              <AskedWord
                key={place}
                place={place}
                value={answers[index] ?? ""}
                onChange={(word) => setAnswers(answers.with(index, word))}
              />
            ))}
          </div>
        )}
        {step.at === "wrong" && (
          <Note tone="warn" alert>
            {t("identity.show.wrong")}
          </Note>
        )}
        {step.at === "checked" && (
          <p className="done tone-ok" role="status">
            <CircleCheck size={16} aria-hidden />
            {t("identity.show.doneText")}
          </p>
        )}
        {error !== null && <ErrorNote error={error} alert />}
      </form>
    </Dialog>
  );
}

function wordsOf(step: Step): string | undefined {
  switch (step.at) {
    case "warned":
      return t("identity.show.before");
    case "shown":
      return t("identity.show.text");
    case "asked":
      return t("identity.show.ask");
    case "wrong":
    case "checked":
      return undefined;
  }
}

function AskedWord({
  place,
  value,
  onChange,
}: {
  place: number;
  value: string;
  onChange: (word: string) => void;
}) {
  const id = useId();
  return (
    <div className="form-row">
      <label htmlFor={id}>{t("identity.show.word", { place })}</label>
      <input
        id={id}
        className="text-field mono"
        type="text"
        value={value}
        autoComplete="off"
        autoCapitalize="none"
        spellCheck={false}
        maxLength={40}
        onChange={(event) => onChange(event.currentTarget.value)}
      />
    </div>
  );
}
