/**
 * The data folder comes from another machine: the question that only a person can answer, above every screen. Each answer
 * says what it does before it counts: a wrong one puts two workers under one name, or gives results up for good.
 */
import { HardDrive } from "lucide-react";
import { useState } from "react";
import type { MoveAnswer } from "../../shared/contract/machine.ts";
import { t } from "../../shared/words/words.ts";
import { ConfirmDialog } from "../parts/controls/confirm-dialog.tsx";
import { Note } from "../parts/note.tsx";
import { useBridge } from "../state/bridge-context.ts";
import { usePage } from "../state/store.ts";

export function MachineBanner() {
  const isAsked = usePage(({ engine, stale }) => engine?.engine.fromOtherMachine === true && !stale);
  const [asking, setAsking] = useState<MoveAnswer | null>(null);
  const bridge = useBridge();
  if (!isAsked) return null;
  const dialog = (as: MoveAnswer) => ({
    open: asking === as,
    onClose: () => setAsking(null),
    title: t(`app.machine.${as}Ask.title`),
    confirm: t(`app.machine.${as}Ask.yes`),
    // The engine starts again with it, and the page then hears that nothing is asked any more.
    onConfirm: () => bridge.invoke("machine.settle", { as }),
  });
  const button = (as: MoveAnswer) => (
    <button type="button" className="button notice-button" onClick={() => setAsking(as)}>
      {t(`app.machine.${as}`)}
    </button>
  );
  return (
    <>
      <Note
        tone="warn"
        icon={HardDrive}
        alert
        help={t("app.machine.help")}
        actions={
          <>
            {button("moved")}
            {button("copied")}
          </>
        }
      >
        <strong className="notice-title">{t("app.machine.title")}</strong>
      </Note>
      <ConfirmDialog {...dialog("moved")} words={t("app.machine.movedAsk.words")} />
      <ConfirmDialog {...dialog("copied")} destructive words={t("app.machine.copiedAsk.words")}>
        <GivenUp />
      </ConfirmDialog>
    </>
  );
}

function GivenUp() {
  const results = usePage(({ engine }) => engine?.engine.letGoByCopy?.results ?? 0);
  const jobs = usePage(({ engine }) => engine?.engine.letGoByCopy?.jobs ?? 0);
  if (results + jobs === 0) return null;
  return (
    <Note tone="warn" help={t("app.machine.copiedAsk.lost")}>
      {[
        ...(results > 0 ? [t("app.machine.copiedAsk.results", { count: results })] : []),
        ...(jobs > 0 ? [t("app.machine.copiedAsk.jobs", { count: jobs })] : []),
      ].join(" ")}
    </Note>
  );
}
