/** A passphrase as it is typed: held by the form only as long as the form is open, and never filled in by itself. */
import { type ReactNode, useId } from "react";
import { t } from "../../shared/words/words.ts";

export const MIN_PASSPHRASE_LENGTH = 12;

interface SecretFieldProps {
  readonly label: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly hint?: ReactNode;
  /** What is wrong with it; null while nothing is. */
  readonly problem?: string | null;
  readonly fresh?: boolean;
}

export function SecretField({
  label,
  value,
  onChange,
  hint,
  problem = null,
  fresh = false,
}: SecretFieldProps) {
  const id = useId();
  return (
    <div className="form-row">
      <label htmlFor={id}>{label}</label>
      <input
        id={id}
        className="text-field"
        type="password"
        value={value}
        autoComplete={fresh ? "new-password" : "off"}
        spellCheck={false}
        onChange={(event) => onChange(event.currentTarget.value)}
        aria-describedby={`${id}-hint`}
        aria-invalid={problem !== null}
      />
      <div id={`${id}-hint`} className={problem === null ? "form-hint" : "form-hint form-problem"}>
        {problem ?? hint}
      </div>
    </div>
  );
}

export interface NewPassphrase {
  readonly first: string;
  readonly again: string;
}

export const NO_PASSPHRASE: NewPassphrase = { first: "", again: "" };

export function isGoodPassphrase({ first, again }: NewPassphrase): boolean {
  return first.length >= MIN_PASSPHRASE_LENGTH && first === again;
}

/** A new passphrase, typed twice. */
export function NewPassphraseFields({
  label,
  value,
  onChange,
}: {
  label: string;
  value: NewPassphrase;
  onChange: (value: NewPassphrase) => void;
}) {
  const { first, again } = value;
  return (
    <>
      <SecretField
        label={label}
        value={first}
        onChange={(typed) => onChange({ ...value, first: typed })}
        hint={t("identity.passphraseHint")}
        problem={
          first !== "" && first.length < MIN_PASSPHRASE_LENGTH && again !== ""
            ? t("identity.passphraseShort")
            : null
        }
        fresh
      />
      <SecretField
        label={t("identity.passphraseAgain")}
        value={again}
        onChange={(typed) => onChange({ ...value, again: typed })}
        problem={again !== "" && !first.startsWith(again) ? t("identity.passphraseDiffers") : null}
        fresh
      />
    </>
  );
}
