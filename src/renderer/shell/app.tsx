/** The frame around every screen, and the gate in front of them: no screen is drawn before there is a state. */

import { unreachable } from "../../shared/errors.ts";
import { Home } from "../home/home.tsx";
import { Jobs } from "../jobs/jobs.tsx";
import { type Screen, useScreen } from "../state/route.ts";
import { usePage } from "../state/store.ts";
import { Banners } from "./banners.tsx";
import { NoSession, NoState } from "./gate.tsx";
import { Sidebar } from "./sidebar.tsx";
import "./shell.css";

export function App() {
  const screen = useScreen();
  const known = usePage(({ engine }) => engine !== null);
  const unauthorised = usePage(({ link }) => link.state === "unauthorised");
  const stale = usePage((page) => page.stale);

  if (unauthorised) return <NoSession />;
  return (
    <div className="shell">
      <button type="button" className="skip-link" onClick={skipToContent}>
        Skip to content
      </button>
      <Sidebar screen={screen} />
      <main className="content" id="content" tabIndex={-1}>
        <div className="content-inner">
          {known ? (
            <>
              <Banners />
              <div className={stale ? "live live-stale" : "live"} aria-busy={stale}>
                <CurrentScreen screen={screen} />
              </div>
            </>
          ) : (
            <NoState />
          )}
        </div>
      </main>
    </div>
  );
}

function CurrentScreen({ screen }: { screen: Screen }) {
  switch (screen) {
    case "home":
      return <Home />;
    case "jobs":
      return <Jobs />;
    default:
      return unreachable(screen);
  }
}

/** A button and no link: the address's hash belongs to the screens. */
function skipToContent(): void {
  document.getElementById("content")?.focus();
}
