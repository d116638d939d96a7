/** What stands in place of the screens while there is nothing true to show. */

import { KeyRound, OctagonX } from "lucide-react";
import { t } from "../../shared/words/words.ts";
import { Flame } from "../parts/flame.tsx";
import { ErrorNote } from "../parts/note.tsx";
import { useBridge } from "../state/bridge-context.ts";
import { usePage } from "../state/store.ts";
import { Repair } from "./repair.tsx";
import { RetryButton } from "./retry-button.tsx";
import { startWords } from "./start-words.ts";

/** Nothing is broken: another start of Bellows has this data folder. */
const STARTED_ELSEWHERE: ReadonlySet<string> = new Set(["ALREADY_RUNNING"]);

export function NoState() {
  const link = usePage((page) => page.link);
  const error = usePage((page) => page.snapshotError);
  if (link.state === "failed") {
    return (
      <div className="gate">
        <OctagonX className="gate-icon tone-bad" size={40} strokeWidth={1.5} aria-hidden />
        <h1>
          {t(STARTED_ELSEWHERE.has(link.error.code) ? "shell.alreadyRunning" : "shell.engineNotStarted")}
        </h1>
        <div className="gate-note">
          <ErrorNote error={link.error} alert />
        </div>
        <RetryButton />
        {!STARTED_ELSEWHERE.has(link.error.code) && <Repair />}
      </div>
    );
  }
  if (error !== null) {
    return (
      <div className="gate">
        <OctagonX className="gate-icon tone-bad" size={40} strokeWidth={1.5} aria-hidden />
        <h1>{t("shell.stateUnreadable")}</h1>
        <div className="gate-note">
          <ErrorNote error={error} alert />
        </div>
      </div>
    );
  }
  return <Loading />;
}

function Loading() {
  const { kind } = useBridge();
  const link = usePage((page) => page.link);
  const now = usePage((page) => page.now);
  const waited = "since" in link ? now - link.since : 0;
  const error = link.state === "restarting" ? link.error : null;
  const { shown, announced } = startWords(kind, "doing" in link ? link.doing : undefined, waited);
  return (
    <div className="loading">
      <section className="card hero">
        <div className="orb orb-waiting">
          <Flame size={30} />
        </div>
        <div className="hero-words">
          <h1 className="hero-sentence">{t(kind === "desktop" ? "shell.starting" : "shell.reaching")}</h1>
          <p className="hero-proof" aria-hidden>
            {shown}
          </p>
          <p className="visually-hidden" role="status">
            {announced}
          </p>
        </div>
      </section>
      {error !== null && <ErrorNote error={error} />}
      <div className="home-grid" aria-hidden="true">
        <div className="home-column">
          <div className="card skeleton-card">
            <div className="skeleton" style={{ width: "24%", height: 14 }} />
            <div className="skeleton" style={{ width: "46%", height: 34 }} />
            <div className="skeleton" style={{ width: "100%", height: 6 }} />
          </div>
          <div className="card skeleton-card">
            {[92, 78, 86, 70, 82].map((width) => (
              <div key={width} className="skeleton" style={{ width: `${width}%`, height: 14 }} />
            ))}
          </div>
        </div>
        <div className="home-column">
          <div className="card skeleton-card">
            <div className="skeleton" style={{ width: "40%", height: 14 }} />
            <div className="skeleton" style={{ width: "100%", height: 48 }} />
          </div>
          <div className="card skeleton-card">
            <div className="skeleton" style={{ width: "60%", height: 14 }} />
            <div className="skeleton" style={{ width: "80%", height: 14 }} />
          </div>
        </div>
      </div>
    </div>
  );
}

/** The loopback page without a valid cookie: nothing is wrong, a link is just needed again. */
export function NoSession() {
  return (
    <main className="gate gate-page">
      <KeyRound className="gate-icon" size={36} strokeWidth={1.5} aria-hidden />
      <h1>{t("shell.needsLink")}</h1>
      <p className="gate-text">{t("shell.needsLinkText")}</p>
      <button type="button" className="button" onClick={() => window.location.reload()}>
        {t("shell.tryAgain")}
      </button>
    </main>
  );
}
