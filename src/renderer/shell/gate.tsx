/** What stands in place of the screens while there is nothing true to show. */
import { KeyRound, OctagonX } from "lucide-react";
import { coarse } from "../format/time.ts";
import { Flame } from "../parts/flame.tsx";
import { ErrorNote } from "../parts/note.tsx";
import { useBridge } from "../state/bridge-context.ts";
import { usePage } from "../state/store.ts";
import { RetryButton } from "./retry-button.tsx";

/** A wait longer than this is worth words. */
const LONG_WAIT_MS = 6_000;

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
          {STARTED_ELSEWHERE.has(link.error.code)
            ? "Bellows is already running"
            : "The engine could not start"}
        </h1>
        <div className="gate-note">
          <ErrorNote error={link.error} alert />
        </div>
        <RetryButton />
      </div>
    );
  }
  if (error !== null) {
    return (
      <div className="gate">
        <OctagonX className="gate-icon tone-bad" size={40} strokeWidth={1.5} aria-hidden />
        <h1>The engine’s state can’t be read</h1>
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
  return (
    <div className="loading">
      <section className="card hero">
        <div className="orb orb-waiting">
          <Flame size={30} />
        </div>
        <div className="hero-words">
          <h1 className="hero-sentence">
            {kind === "desktop" ? "Starting the engine…" : "Reaching the engine…"}
          </h1>
          <p className="hero-proof" role="status">
            {waited > LONG_WAIT_MS
              ? `Not there after ${coarse(waited)}; it is tried again by itself.`
              : kind === "desktop"
                ? "It opens the ledger, looks for GPUs and greets the markets."
                : "What it does shows here as soon as it answers."}
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
      <h1>This page needs its link</h1>
      <p className="gate-text">
        The link that <span className="mono">bellows</span> printed opens this page once, in one browser. For
        a new one run <span className="mono">bellows dashboard</span> on this machine and open what it prints.
      </p>
      <button type="button" className="button" onClick={() => window.location.reload()}>
        Try again
      </button>
    </main>
  );
}
