/** The passphrase of a locked key, in the card itself: it is the one thing to do. */
import { useState } from "react";
import type { IdentityStatus } from "../../shared/contract/identity.ts";
import { type ErrorValue, toErrorValue } from "../../shared/errors.ts";
import { t } from "../../shared/words/words.ts";
import { ErrorNote } from "../parts/note.tsx";
import { useBridge } from "../state/bridge-context.ts";
import { SecretField } from "./secret-field.tsx";

export function UnlockForm({ onChange }: { onChange: (status: IdentityStatus) => void }) {
  const bridge = useBridge();
  const [passphrase, setPassphrase] = useState("");
  const [pending, setPending] = useState(false);
  const [error, setError] = useState<ErrorValue | null>(null);
  const unlock = () => {
    setPending(true);
    setError(null);
    bridge
      .invoke("identity.unlock", { passphrase })
      .then(({ status }) => onChange(status))
      .catch((thrown: unknown) => setError(toErrorValue(thrown)))
      .finally(() => setPending(false));
  };
  return (
    <form
      className="unlock"
      onSubmit={(event) => {
        event.preventDefault();
        if (passphrase !== "" && !pending) unlock();
      }}
    >
      <SecretField label={t("identity.passphrase")} value={passphrase} onChange={setPassphrase} />
      <button
        type="submit"
        className="button button-strong"
        disabled={passphrase === "" || pending}
        aria-busy={pending}
      >
        {t("identity.locked.unlock")}
      </button>
      {error !== null && <ErrorNote error={error} alert />}
    </form>
  );
}
