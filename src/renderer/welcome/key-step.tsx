/** The provider key: why it matters, what there is, and the way to the screen where it is made and backed up. */
import { CircleCheck, KeyRound, TriangleAlert } from "lucide-react";
import type { SettingsView } from "../../shared/contract/settings.ts";
import { t } from "../../shared/words/words.ts";
import { ErrorNote, Note } from "../parts/note.tsx";
import { screenHref } from "../state/route.ts";
import { useEngine } from "../state/store.ts";
import { chosenMarkets } from "./market-choice.ts";
import { useKeyStatus } from "./use-key-status.ts";
import type { SetUp } from "./use-set-up.ts";

export function KeyStep({ setUp }: { setUp: SetUp }) {
  const { status, error } = useKeyStatus();
  const demo = useEngine((state) => state.engine.mode === "demo");
  const needed = chosenMarkets(setUp.settings as SettingsView).includes("aicf");
  return (
    <>
      <p>{t("welcome.key.text")}</p>
      {!needed && <Note tone="info">{t("welcome.key.notNeeded")}</Note>}
      {needed && demo && <Note tone="info">{t("welcome.key.demoNote")}</Note>}
      {error !== null && <ErrorNote error={error} />}
      {!demo && status !== null && (
        <>
          <ul className="welcome-points">
            <li className={status.state === "open" ? "tone-ok" : "tone-warn"}>
              <KeyRound size={16} aria-hidden />
              <span>
                {t(
                  status.state === "open"
                    ? "welcome.key.open"
                    : status.state === "none"
                      ? "welcome.key.none"
                      : "welcome.key.locked",
                )}
              </span>
            </li>
            {status.state === "open" && (
              <li className={status.backup === null ? "tone-warn" : "tone-ok"}>
                {status.backup === null ? (
                  <TriangleAlert size={16} aria-hidden />
                ) : (
                  <CircleCheck size={16} aria-hidden />
                )}
                <span>{t(status.backup === null ? "welcome.key.notBackedUp" : "welcome.key.backedUp")}</span>
              </li>
            )}
          </ul>
          <a className="button" href={screenHref("identity")}>
            {t("welcome.key.go")}
          </a>
        </>
      )}
    </>
  );
}
