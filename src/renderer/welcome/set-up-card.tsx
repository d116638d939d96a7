/** On Home: what the set-up left open. The way back into it, and later the backup that was put off. */
import { t } from "../../shared/words/words.ts";
import { useKeyStatus } from "../identity/use-key-status.ts";
import { Note } from "../parts/note.tsx";
import { useBridge } from "../state/bridge-context.ts";
import { screenHref, WELCOME_HASH } from "../state/route.ts";
import { useEngine } from "../state/store.ts";
import { STEPS, stepOf } from "./steps.ts";
import { useSetUp } from "./use-set-up.ts";

export function SetUpCard() {
  const { kind } = useBridge();
  const setUp = useSetUp();
  const mode = useEngine((state) => state.engine.mode);
  const { value, source } = setUp.settings.values["app.first_run"];
  // A worker that is set up by file and environment has no use for it, unless somebody began it in its dashboard.
  if (kind === "web" && source.kind !== "saved") return null;
  if (value === "done") return mode === "live" ? <BackupReminder /> : null;
  const step = stepOf(value);
  return (
    <Note
      tone="info"
      help={t("welcome.card.next", {
        step: t(`welcome.step.${step}`),
        n: STEPS.indexOf(step) + 1,
        total: STEPS.length,
      })}
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
      {t("welcome.card.unfinished")}
    </Note>
  );
}

/** For as long as it is so: a lost key is a lost stake. That there is no key at all, Home's first sentence says. */
function BackupReminder() {
  const { status } = useKeyStatus();
  if (status === null || status.state === "none" || status.backup !== null) return null;
  return (
    <Note
      tone="warn"
      help={t("identity.backup.uncheckedWhy")}
      actions={
        <a className="button" href={screenHref("identity")}>
          {t("welcome.card.backUp")}
        </a>
      }
    >
      {t("identity.backup.unchecked")}
    </Note>
  );
}
