/** The page's start: find the engine, keep the store true, draw. */
import "./styles/tokens.css";
import "./styles/fonts.css";
import "./styles/base.css";
import "./styles/parts.css";
import "./styles/screen.css";
import { CSPProvider } from "@base-ui/react/csp-provider";
import { createRoot } from "react-dom/client";
import { z } from "zod";
import { SECOND } from "../shared/durations.ts";
import { chooseLanguage, currentLanguage, PSEUDO, setLanguage } from "../shared/words/words.ts";
import { createBridge } from "./bridge/bridge.ts";
import { App } from "./shell/app.tsx";
import { NoticesContext } from "./state/app-context.ts";
import { BridgeContext } from "./state/bridge-context.ts";
import { followApp } from "./state/follow-app.ts";
import { followSettings } from "./state/follow-settings.ts";
import { LiveState } from "./state/live.ts";
import { AppNotices, type Notices, PageNotices } from "./state/page-notices.ts";
import { pageStore } from "./state/store.ts";
import { followTheme } from "./state/theme-choice.ts";

// The page's content policy forbids eval; without this zod would try it once and be reported for it.
z.config({ jitless: true });

followTheme();

// `?lang=` is for looking at the page in another language; the settings screen goes the usual way.
const asked = new URLSearchParams(window.location.search).get("lang");
setLanguage(asked === PSEUDO ? PSEUDO : chooseLanguage(asked === null ? navigator.languages : [asked]));
document.documentElement.lang = currentLanguage();

if (asked === null) followSettings(pageStore, navigator.languages);

const root = document.getElementById("root");
if (root === null) throw new Error("index.html has no #root");

const bridge = createBridge(window);
const live = new LiveState(bridge, pageStore);
const notices = followNotices();
followApp(bridge, pageStore);
setInterval(() => live.tick(), SECOND);
// A hidden page's timers sleep; what it shows when it comes back must be checked at once.
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "visible") live.tick();
});

function followNotices(): Notices {
  if (bridge.app !== null) return new AppNotices(bridge.app, pageStore);
  const own = new PageNotices(bridge, pageStore);
  setInterval(() => own.tick(), PageNotices.every);
  return own;
}

createRoot(root).render(
  <BridgeContext value={bridge}>
    <NoticesContext value={notices}>
      {/* The page's content policy lets no style element in; controls.css has what they would say. */}
      <CSPProvider disableStyleElements>
        <App />
      </CSPProvider>
    </NoticesContext>
  </BridgeContext>,
);
