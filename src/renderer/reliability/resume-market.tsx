/** Takes a market's work again: a person has looked why its leases were lost. */
import { Play } from "lucide-react";
import type { MarketId } from "../../shared/contract/views.ts";
import { t } from "../../shared/words/words.ts";
import { ErrorNote } from "../parts/note.tsx";
import { useCommand } from "../state/use-command.ts";

export function ResumeMarket({ market }: { market: MarketId }) {
  const command = useCommand();
  return (
    <>
      <button
        type="button"
        className="button button-plain"
        disabled={command.pending !== null}
        onClick={() => void command.run("market.resume", { market })}
      >
        <Play size={15} aria-hidden />
        {t("reliability.guard.resume")}
      </button>
      {command.error !== null && <ErrorNote error={command.error} alert />}
    </>
  );
}
