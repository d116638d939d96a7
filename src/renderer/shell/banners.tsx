/** What is true of the whole page: play money, no answer from the engine, things that happened at its start. */
import { FlaskConical, Unplug } from "lucide-react";
import type { Bridge } from "../bridge/bridge.ts";
import { coarse, formatClock } from "../format/time.ts";
import { ErrorNote, Note } from "../parts/note.tsx";
import { useBridge, useVerb } from "../state/bridge-context.ts";
import { usePage } from "../state/store.ts";
import { RetryButton } from "./retry-button.tsx";

export function Banners() {
  return (
    <div className="banners">
      <SilenceBanner />
      <SnapshotBanner />
      <Notices />
      <DemoBanner />
    </div>
  );
}

function DemoBanner() {
  const demo = usePage(({ engine }) => engine?.engine.mode === "demo");
  if (!demo) return null;
  return (
    <p className="demo-banner">
      <FlaskConical size={14} aria-hidden />
      <span>
        <strong>Demo:</strong> play money on an embedded devnet.{" "}
        <span className="demo-more">The work is real, the pay is not.</span>
      </span>
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
    return <ErrorNote error={link.error} alert actions={<RetryButton />} />;
  }
  if (link.state === "stopping") {
    return (
      <Note tone="info" alert>
        The engine is ending in order: leases are finished or given back, then it stops.
      </Note>
    );
  }
  const since = heardAt ?? now;
  const next = nextStep(kind, link.state === "up");
  const cause = link.state === "restarting" ? link.error : null;
  return (
    <Note
      tone="bad"
      icon={Unplug}
      help={
        cause?.message ??
        (kind === "desktop"
          ? "What you see is the last known state. Nothing computed is lost."
          : "What you see is the last known state. If the engine was stopped, start it again; this page reconnects by itself.")
      }
    >
      {/* Only the sentence is spoken; the counting would be read out every second. */}
      <span role="alert">
        The engine is not answering since {formatClock(since)}; {next}
      </span>{" "}
      <span className="quiet nowrap" aria-hidden>
        {coarse(Date.now() - since)}
      </span>
    </Note>
  );
}

/** A hanging engine is given some seconds more before it is ended; a dead one is replaced at once. */
function nextStep(kind: Bridge["kind"], hangs: boolean): string {
  if (kind === "web") return hangs ? "asking again" : "reconnecting";
  return hangs ? "it is restarted if it stays silent" : "restarting";
}

/** The engine answers, but not with a state this page understands: say so instead of showing an old one as new. */
function SnapshotBanner() {
  const error = usePage((page) => page.snapshotError);
  return error === null ? null : <ErrorNote error={error} alert />;
}

function Notices() {
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
            {notices.length === 1 ? "Dismiss" : "Dismiss all"}
          </button>
        )
      }
    />
  ));
}
