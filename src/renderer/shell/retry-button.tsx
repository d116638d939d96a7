/** After the engine gave up: the same verb as everywhere, which main understands as "try again". */

import { RotateCw } from "lucide-react";
import { t } from "../../shared/words/words.ts";
import { useVerb } from "../state/bridge-context.ts";

export function RetryButton() {
  const { run, pending } = useVerb();
  return (
    <button
      type="button"
      className="button"
      disabled={pending !== null}
      aria-busy={pending !== null}
      onClick={() => run("run.start")}
    >
      <RotateCw size={14} aria-hidden />
      {t("shell.tryAgain")}
    </button>
  );
}
