/** The provider key: why it matters, and the card in which it is made, backed up and checked. */
import type { SettingsView } from "../../shared/contract/settings.ts";
import { t } from "../../shared/words/words.ts";
import { KeyCard } from "../identity/key-card.tsx";
import { useKeyStatus } from "../identity/use-key-status.ts";
import "../identity/identity.css";
import { ErrorNote, Note } from "../parts/note.tsx";
import { useEngine } from "../state/store.ts";
import { chosenMarkets } from "./market-choice.ts";
import type { SetUp } from "./use-set-up.ts";

export function KeyStep({ setUp }: { setUp: SetUp }) {
  const { status, error, changed } = useKeyStatus();
  const demo = useEngine((state) => state.engine.mode === "demo");
  const needed = chosenMarkets(setUp.settings as SettingsView).length > 0;
  return (
    <>
      <p>{t("welcome.key.text")}</p>
      {!needed && <Note tone="info">{t("welcome.key.notNeeded")}</Note>}
      {needed && demo && <Note tone="info">{t("welcome.key.demoNote")}</Note>}
      {error !== null && <ErrorNote error={error} />}
      {!demo && status !== null && <KeyCard status={status} onChange={changed} />}
    </>
  );
}
