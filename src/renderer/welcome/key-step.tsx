/** The provider key and the stake: why the key matters, its backup, and what a market may take of what is staked. */
import { CircleCheck, CircleDashed } from "lucide-react";
import type { IdentityStatus } from "../../shared/contract/identity.ts";
import { t } from "../../shared/words/words.ts";
import { KeyCard } from "../identity/key-card.tsx";
import { useKeyStatus } from "../identity/use-key-status.ts";
import "../identity/identity.css";
import { ErrorNote, Note } from "../parts/note.tsx";
import { useEngine } from "../state/store.ts";
import { Continue, Foot, type StepProps, type Walk } from "./foot.tsx";
import { chosenMarkets } from "./market-choice.ts";
import { stakeAmount } from "./stake-amount.ts";
import { StakeTerms } from "./stake-terms.tsx";

export function KeyStep({ setUp, walk }: StepProps) {
  const { status, error, changed } = useKeyStatus();
  const demo = useEngine((state) => state.engine.mode === "demo");
  const chosen = chosenMarkets(setUp.settings);
  const playing = demo && chosen.length === 0;
  return (
    <>
      <p>{t("welcome.key.text")}</p>
      {playing && <DemoKey status={status} />}
      {demo && !playing && <Note tone="info">{t("welcome.key.demoNote")}</Note>}
      {error !== null && <ErrorNote error={error} />}
      {!demo && status !== null && (
        <>
          <KeyCard status={status} onChange={changed} />
          {!isSafe(status) && (
            <p className="quiet">
              {t(status.state === "none" ? "welcome.key.needed" : "welcome.key.unchecked")}
            </p>
          )}
        </>
      )}
      <StakeTerms markets={playing ? null : chosen} />
      {demo || status === null ? (
        <Foot walk={walk}>
          <Continue onClick={() => walk.go("ready")} />
        </Foot>
      ) : (
        <KeyFoot status={status} walk={walk} />
      )}
    </>
  );
}

/** With a checked backup one goes on; without, one says that it is for later. */
function KeyFoot({ status, walk }: { status: IdentityStatus; walk: Walk }) {
  return (
    <Foot walk={walk}>
      {isSafe(status) ? (
        <Continue onClick={() => walk.go("ready")} />
      ) : (
        <button type="button" className="button" onClick={() => walk.go("ready")}>
          {t(status.state === "none" ? "welcome.key.makeLater" : "welcome.key.checkLater")}
        </button>
      )}
    </Foot>
  );
}

const isSafe = ({ state, backup }: IdentityStatus): boolean => state !== "none" && backup !== null;

/** The demo has made both already: shown, so that one has seen them before they are real. */
function DemoKey({ status }: { status: IdentityStatus | null }) {
  // Both markets have a word for it; only one of them asks for one.
  const stake = useEngine(({ markets }) =>
    markets
      .map(({ standing }) => standing?.stake)
      .find((each) => each !== undefined && each.minimum.minor !== "0"),
  )?.effective;
  return (
    <ul className="welcome-points">
      <li className={status === null ? "tone-muted" : "tone-ok"}>
        {status === null ? <CircleDashed size={16} aria-hidden /> : <CircleCheck size={16} aria-hidden />}
        <span>{t("welcome.key.demoKey")}</span>
      </li>
      <li className={stake === undefined ? "tone-muted" : "tone-ok"}>
        {stake === undefined ? <CircleDashed size={16} aria-hidden /> : <CircleCheck size={16} aria-hidden />}
        <span>
          {stake === undefined
            ? t("welcome.key.demoStakeLater")
            : t("welcome.key.demoStake", { amount: stakeAmount(stake), currency: stake.currency })}
        </span>
      </li>
    </ul>
  );
}
