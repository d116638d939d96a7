/** What was set up, in a few lines, what it could bring, and the one button that starts it. */
import { CircleCheck, CircleDashed, Flame as FlameIcon } from "lucide-react";
import { useState } from "react";
import type { IdentityStatus } from "../../shared/contract/identity.ts";
import { type ErrorValue, toErrorValue } from "../../shared/errors.ts";
import { t } from "../../shared/words/words.ts";
import { marketName } from "../format/market-name.ts";
import { useKeyStatus } from "../identity/use-key-status.ts";
import { ErrorNote, Note } from "../parts/note.tsx";
import { useBridge } from "../state/bridge-context.ts";
import { screenHref } from "../state/route.ts";
import { useEngine } from "../state/store.ts";
import { Foot, type StepProps } from "./foot.tsx";
import { LoginChoice, useLoginChoice } from "./login-choice.tsx";
import { chosenMarkets, marketsWait } from "./market-choice.ts";
import { isUsable } from "./plain-verdict.ts";
import { PriceHints } from "./price-hint.tsx";

/** What the button does: start; start anew with other markets; the same, to see to the key there; or see to it now. */
type Way = "start" | "restart" | "restartForKey" | "key";

export function ReadyStep(props: StepProps) {
  const { setUp } = props;
  const devices = useEngine((state) => state.devices);
  const { status } = useKeyStatus();
  const login = useLoginChoice();
  const chosen = chosenMarkets(setUp.settings);
  const usable = devices.filter(isUsable);
  const passed = usable.filter(({ lastSelfTest }) => lastSelfTest?.ok === true);
  const changed = marketsWait(setUp.settings);
  const key = keyOf(status);
  const lacksKey = chosen.length > 0 && key !== null && key !== "open" && key !== "unchecked";
  const way: Way = changed ? (lacksKey ? "restartForKey" : "restart") : lacksKey ? "key" : "start";
  return (
    <>
      <ul className="welcome-points">
        <Point ok={usable.length > 0}>{t("welcome.ready.device", { count: usable.length })}</Point>
        <Point ok={passed.length > 0}>{t("welcome.ready.tested", { count: passed.length })}</Point>
        <Point ok>
          {chosen.length === 0
            ? t("welcome.ready.demo")
            : t("welcome.ready.markets", { names: chosen.map(marketName).join(", ") })}
        </Point>
        {chosen.length > 0 && key !== null && (
          <Point ok={key === "open"}>{t(`welcome.ready.key.${key}`)}</Point>
        )}
      </ul>
      <PriceHints chosen={chosen} running={!changed} />
      {changed && <Note tone="info">{t("welcome.ready.restart")}</Note>}
      {(way === "start" || way === "restart") && <LoginChoice choice={login} />}
      <Go {...props} way={way} answerLogin={login.answer} />
    </>
  );
}

/** null: not read yet. `otherwise`: this is the demo's; that of real markets is seen after the restart. */
function keyOf(status: IdentityStatus | null) {
  if (status === null) return null;
  if (status.mode === "demo") return "otherwise";
  if (status.state !== "open") return status.state;
  return status.backup === null ? "unchecked" : "open";
}

function Point({ ok, children }: { ok: boolean; children: string }) {
  return (
    <li className={ok ? "tone-ok" : "tone-muted"}>
      {ok ? <CircleCheck size={16} aria-hidden /> : <CircleDashed size={16} aria-hidden />}
      <span>{children}</span>
    </li>
  );
}

type GoProps = StepProps & { way: Way; answerLogin: () => Promise<void> };

function Go({ setUp, walk, way, answerLogin }: GoProps) {
  const bridge = useBridge();
  const [pending, setPending] = useState(false);
  const [error, setError] = useState<ErrorValue | null>(null);
  const attempt = (work: () => Promise<void>) => {
    setPending(true);
    setError(null);
    work()
      .catch((thrown: unknown) => setError(toErrorValue(thrown)))
      .finally(() => setPending(false));
  };
  /** The settings are kept before the engine that keeps them ends. */
  const start = async () => {
    await answerLogin();
    if (!(await setUp.save({ "app.first_run": "done" }))) return;
    if (way === "restart") await bridge.invoke("engine.restart", { start: true });
    else await bridge.invoke("run.start", {});
    window.location.hash = screenHref("home");
  };
  const restartForKey = async () => {
    if (await setUp.save({ "app.first_run": "key" })) await bridge.invoke("engine.restart", {});
  };
  const isStart = way === "start" || way === "restart";
  return (
    <>
      {error !== null && <ErrorNote error={error} alert />}
      <Foot walk={walk}>
        <button
          type="button"
          // Ember means earning: what only leads to the key has another colour.
          className={`button ${isStart ? "button-primary" : "button-strong"}`}
          disabled={pending}
          aria-busy={pending}
          onClick={() => (way === "key" ? walk.go("key") : attempt(isStart ? start : restartForKey))}
        >
          {isStart && <FlameIcon size={14} aria-hidden />}
          {t(`welcome.ready.way.${way}`)}
        </button>
      </Foot>
    </>
  );
}
