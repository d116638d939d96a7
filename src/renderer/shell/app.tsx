/** The frame around every screen, and the gate in front of them: no screen is drawn before there is a state. */

import { type ComponentType, useEffect, useLayoutEffect, useRef, useSyncExternalStore } from "react";
import { USABLE_MARK } from "../../shared/usable-mark.ts";
import { currentLanguage, onLanguageChange, t } from "../../shared/words/words.ts";
import { type Place, usePlace } from "../state/route.ts";
import { usePage } from "../state/store.ts";
import { useFirstRun } from "../welcome/use-first-run.ts";
import { Welcome } from "../welcome/welcome.tsx";
import { Banners } from "./banners.tsx";
import { NoSession, NoState } from "./gate.tsx";
import { Nowhere } from "./nowhere.tsx";
import { SCREEN_LOOKS } from "./screens.tsx";
import { Sidebar } from "./sidebar.tsx";
import "./shell.css";

/** Another language is another page: everything is drawn anew. */
export function App() {
  const language = useSyncExternalStore(onLanguageChange, currentLanguage);
  return <Page key={language} />;
}

function Page() {
  const place = usePlace();
  useFirstRun();
  const Current = componentOf(place);
  const known = usePage(({ engine }) => engine !== null);
  const unauthorised = usePage(({ link }) => link.state === "unauthorised");
  const stale = usePage((page) => page.stale);
  const content = useRef<HTMLElement>(null);
  useUsableMark(known);
  // Another screen begins at its top; one that wants to be elsewhere goes there itself, later.
  // biome-ignore lint/correctness/useExhaustiveDependencies: it is the change of place that scrolls.
  useLayoutEffect(() => {
    if (content.current !== null) content.current.scrollTop = 0;
  }, [place]);

  if (unauthorised) return <NoSession />;
  return (
    <div className="shell">
      <button type="button" className="skip-link" onClick={skipToContent}>
        {t("nav.skip")}
      </button>
      <Sidebar place={place} />
      <main className="content" id="content" tabIndex={-1} ref={content}>
        <div className="content-inner">
          {known ? (
            <>
              <Banners />
              <div className={stale ? "live live-stale" : "live"} aria-busy={stale}>
                <Current />
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

function useUsableMark(known: boolean): void {
  useEffect(() => {
    // Within the frame that is to be drawn; the task after it comes once it was.
    if (known) requestAnimationFrame(() => setTimeout(() => performance.mark(USABLE_MARK)));
  }, [known]);
}

function componentOf(place: Place): ComponentType {
  switch (place) {
    case "welcome":
      return Welcome;
    case "nowhere":
      return Nowhere;
    default:
      return SCREEN_LOOKS[place].component;
  }
}

/** A button and no link: the address's hash belongs to the screens. */
function skipToContent(): void {
  document.getElementById("content")?.focus();
}
