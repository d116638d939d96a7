/** What was set up, in a few lines, and the one button that starts it. */
import { CircleCheck, CircleDashed, Flame as FlameIcon, TriangleAlert } from "lucide-react";
import { useState } from "react";
import type { SettingsView } from "../../shared/contract/settings.ts";
import { type ErrorValue, toErrorValue } from "../../shared/errors.ts";
import { t } from "../../shared/words/words.ts";
import { marketName } from "../format/market-name.ts";
import { ErrorNote, Note } from "../parts/note.tsx";
import { useBridge } from "../state/bridge-context.ts";
import { screenHref } from "../state/route.ts";
import { useEngine } from "../state/store.ts";
import { chosenMarkets } from "./market-choice.ts";
import { useKeyStatus } from "./use-key-status.ts";
import type { SetUp } from "./use-set-up.ts";
import { Foot } from "./welcome.tsx";

export function ReadyStep({ setUp }: { setUp: SetUp }) {
  const settings = setUp.settings as SettingsView;
  const devices = useEngine((state) => state.devices);
  const mode = useEngine((state) => state.engine.mode);
  const running = useEngine((state) => state.markets);
  const { status } = useKeyStatus();
  const markets = chosenMarkets(settings);
  const usable = devices.filter(({ verdict, state }) => verdict?.usable ?? state !== "failed");
  const passed = usable.filter(({ lastSelfTest }) => lastSelfTest?.ok === true);
  // Markets are read when Bellows starts: a changed choice counts from then.
  const changed =
    (mode === "demo") !== (markets.length === 0) ||
    (mode === "live" && markets.some((market) => !running.some(({ id }) => id === market)));
  const backedUp = status?.backup != null && status.mode === "live";
  return (
    <>
      <ul className="welcome-points">
        <Point ok={usable.length > 0}>{t("welcome.ready.device", { count: usable.length })}</Point>
        <Point ok={passed.length > 0}>{t("welcome.ready.tested", { count: passed.length })}</Point>
        <Point ok>
          {markets.length === 0
            ? t("welcome.ready.demo")
            : t("welcome.ready.markets", { names: markets.map(marketName).join(", ") })}
        </Point>
        {markets.includes("aicf") && (
          <Point ok={backedUp}>{t(backedUp ? "welcome.ready.keyOk" : "welcome.ready.keyMissing")}</Point>
        )}
      </ul>
      {markets.includes("aitbc") && <p className="quiet">{t("welcome.ready.price")}</p>}
      {changed && <Note tone="info">{t("welcome.ready.restart")}</Note>}
      <Go setUp={setUp} restart={changed} keyNext={markets.includes("aicf") && !backedUp} />
    </>
  );
}

function Point({ ok, children }: { ok: boolean; children: string }) {
  return (
    <li className={ok ? "tone-ok" : "tone-muted"}>
      {ok ? <CircleCheck size={16} aria-hidden /> : <CircleDashed size={16} aria-hidden />}
      <span>{children}</span>
    </li>
  );
}

/** `keyNext`: after the restart the set-up goes on with the key, which can be made only then. */
function Go({ setUp, restart, keyNext }: { setUp: SetUp; restart: boolean; keyNext: boolean }) {
  const bridge = useBridge();
  const [pending, setPending] = useState(false);
  const [error, setError] = useState<ErrorValue | null>(null);
  const { app } = bridge;
  const go = async () => {
    setPending(true);
    setError(null);
    try {
      if (!(await setUp.save({ "app.first_run": restart && keyNext ? "key" : "done" }))) return;
      if (restart && app !== null) return void (await app.invoke("app.restart", {}));
      await bridge.invoke("run.start", {});
      window.location.hash = screenHref("home");
    } catch (thrown) {
      setError(toErrorValue(thrown));
    } finally {
      setPending(false);
    }
  };
  const leave = async () => {
    if (await setUp.save({ "app.first_run": "later" })) window.location.hash = screenHref("home");
  };
  const byHand = restart && app === null;
  return (
    <>
      {error !== null && <ErrorNote error={error} alert />}
      {byHand && (
        <p className="welcome-hand tone-warn">
          <TriangleAlert size={16} aria-hidden />
          {t("welcome.ready.restartHand")}
        </p>
      )}
      <Foot onBack={() => void setUp.save({ "app.first_run": "markets" })} onLater={() => void leave()}>
        <button
          type="button"
          className="button button-primary"
          disabled={pending}
          aria-busy={pending}
          onClick={() => void go()}
        >
          <FlameIcon size={14} aria-hidden />
          {t(restart && !byHand ? "welcome.ready.restartNow" : "welcome.ready.start")}
        </button>
      </Foot>
    </>
  );
}
