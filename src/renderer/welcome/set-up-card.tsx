/** On Home, until set-up is done: the way back into it, and the way to be left alone. */
import { t } from "../../shared/words/words.ts";
import { Note } from "../parts/note.tsx";
import { WELCOME_HASH } from "../state/route.ts";
import { useEngine } from "../state/store.ts";
import { useSetUp } from "./use-set-up.ts";

export function SetUpCard() {
  const setUp = useSetUp();
  const demo = useEngine((state) => state.engine.mode === "demo");
  const at = setUp.settings?.values["app.first_run"].value;
  // In the demo its banner leads to the set-up.
  if (demo || at === undefined || at === "done") return null;
  return (
    <Note
      tone="info"
      actions={
        <>
          <button
            type="button"
            className="button button-plain"
            onClick={() => void setUp.save({ "app.first_run": "done" })}
          >
            {t("welcome.card.dismiss")}
          </button>
          <a className="button" href={WELCOME_HASH}>
            {t("welcome.card.open")}
          </a>
        </>
      }
    >
      {t("welcome.card.live")}
    </Note>
  );
}
