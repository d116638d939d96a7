/** What is true of the whole page: play money, no answer from the engine, and what a person should hear of. */

import { FlaskConical, Unplug } from "lucide-react";
import { hear } from "../../shared/words/hear.ts";
import { hearError } from "../../shared/words/hear-error.ts";
import { t } from "../../shared/words/words.ts";
import type { Bridge } from "../bridge/bridge.ts";
import { coarse, formatClock } from "../format/time.ts";
import { ErrorNote, Note } from "../parts/note.tsx";
import { useBridge, useVerb } from "../state/bridge-context.ts";
import { usePlace, WELCOME_HASH } from "../state/route.ts";
import { usePage } from "../state/store.ts";
import { MachineBanner } from "./machine-banner.tsx";
import { NoticeBanners } from "./notice-banners.tsx";
import { Repair } from "./repair.tsx";
import { RetryButton } from "./retry-button.tsx";

export function Banners() {
  return (
    <div className="banners">
      <SilenceBanner />
      <SnapshotBanner />
      <MachineBanner />
      <EngineNotices />
      <NoticeBanners />
      <DemoBanner />
    </div>
  );
}

function DemoBanner() {
  const demo = usePage(({ engine }) => engine?.engine.mode === "demo");
  const settingUp = usePlace() === "welcome";
  if (!demo) return null;
  return (
    <p className="demo-banner">
      <FlaskConical size={14} aria-hidden />
      <span>
        <strong>{t("app.banner.demo")}</strong> {t("app.banner.demoMoney")}{" "}
        <span className="demo-more">{t("app.banner.demoWork")}</span>
      </span>
      {!settingUp && (
        <a className="link demo-set-up" href={WELCOME_HASH}>
          {t("app.banner.demoSetUp")}
        </a>
      )}
    </p>
  );
}

function SilenceBanner() {
  const { kind } = useBridge();
  const link = usePage((page) => page.link);
  const stale = usePage((page) => page.stale);
  const heardAt = usePage((page) => page.heardAt);
  const now = usePage((page) => page.now);
  if (!stale || link.state === "unauthorised") return null;

  if (link.state === "failed") {
    return (
      <>
        <ErrorNote error={link.error} alert actions={<RetryButton />} />
        <Repair />
      </>
    );
  }
  if (link.state === "stopping") {
    return (
      <Note tone="info" alert>
        {t("app.banner.stopping")}
      </Note>
    );
  }
  const since = heardAt ?? now;
  const next = nextStep(kind, link.state === "up");
  const cause = link.state === "restarting" ? link.error : null;
  const doing = link.state === "restarting" ? link.doing : undefined;
  return (
    <Note
      tone="bad"
      icon={Unplug}
      help={
        (doing && t("shell.stillStarting", { doing: hear(doing.text, doing.said) })) ??
        (cause && hearError(cause).sentence) ??
        t(kind === "desktop" ? "app.banner.lastKnown" : "app.banner.lastKnownWeb")
      }
    >
      {/* Only the sentence is spoken; the counting would be read out every second. */}
      <span role="alert">{t("app.banner.silent", { time: formatClock(since), next })}</span>{" "}
      <span className="quiet nowrap" aria-hidden>
        {coarse(Date.now() - since)}
      </span>
    </Note>
  );
}

/** A hanging engine is given some seconds more before it is ended; a dead one is replaced at once. */
function nextStep(kind: Bridge["kind"], hangs: boolean): string {
  if (kind === "web") return t(hangs ? "app.banner.askingAgain" : "app.banner.reconnecting");
  return t(hangs ? "app.banner.restartedIfSilent" : "app.banner.restarting");
}

/** The engine answers, but not with a state this page understands: say so instead of showing an old one as new. */
function SnapshotBanner() {
  const error = usePage((page) => page.snapshotError);
  return error === null ? null : <ErrorNote error={error} alert />;
}

/** What happened at the engine's start, in its own words. */
function EngineNotices() {
  const notices = usePage((page) => page.engine?.engine.notices);
  const { run, pending } = useVerb();
  if (notices === undefined || notices.length === 0) return null;
  return notices.map((notice, index) => (
    <ErrorNote
      key={`${notice.code} ${notice.message}`}
      error={notice}
      actions={
        index === 0 && (
          <button
            type="button"
            className="button button-plain"
            disabled={pending !== null}
            onClick={() => run("notices.dismiss")}
          >
            {t(notices.length === 1 ? "app.banner.dismiss" : "app.banner.dismissAll")}
          </button>
        )
      }
    />
  ));
}
