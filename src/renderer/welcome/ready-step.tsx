/** What was set up, in a few lines, and the one button that starts it. */
import { CircleCheck, CircleDashed, Flame as FlameIcon } from "lucide-react";
import { useState } from "react";
import type { SettingsView } from "../../shared/contract/settings.ts";
import { type ErrorValue, toErrorValue } from "../../shared/errors.ts";
import { t } from "../../shared/words/words.ts";
import { marketName } from "../format/market-name.ts";
import { useKeyStatus } from "../identity/use-key-status.ts";
import { ErrorNote, Note } from "../parts/note.tsx";
import { useBridge } from "../state/bridge-context.ts";
import { screenHref } from "../state/route.ts";
import { useEngine } from "../state/store.ts";
import { chosenMarkets } from "./market-choice.ts";
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
  const live = status?.mode === "live" ? status : null;
  const keyWord = live?.state !== "open" ? "keyMissing" : live.backup === null ? "keyUnchecked" : "keyOk";
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
        {markets.length > 0 && <Point ok={keyWord === "keyOk"}>{t(`welcome.ready.${keyWord}`)}</Point>}
      </ul>
      {markets.includes("aitbc") && <p className="quiet">{t("welcome.ready.price")}</p>}
      {changed && <Note tone="info">{t("welcome.ready.restart")}</Note>}
      <Go setUp={setUp} restart={changed} keyNext={markets.length > 0 && keyWord === "keyMissing"} />
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
      // It starts again with the markets chosen here, and takes work by itself.
      if (restart) await (app === null ? bridge.invoke("engine.restart", {}) : app.invoke("app.restart", {}));
      else await bridge.invoke("run.start", {});
      if (!(restart && keyNext)) window.location.hash = screenHref("home");
    } catch (thrown) {
      setError(toErrorValue(thrown));
    } finally {
      setPending(false);
    }
  };
  const leave = async () => {
    if (await setUp.save({ "app.first_run": "later" })) window.location.hash = screenHref("home");
  };
  return (
    <>
      {error !== null && <ErrorNote error={error} alert />}
      <Foot onBack={() => void setUp.save({ "app.first_run": "markets" })} onLater={() => void leave()}>
        <button
          type="button"
          className="button button-primary"
          disabled={pending}
          aria-busy={pending}
          onClick={() => void go()}
        >
          <FlameIcon size={14} aria-hidden />
          {t(restart ? "welcome.ready.restartNow" : "welcome.ready.start")}
        </button>
      </Foot>
    </>
  );
}
