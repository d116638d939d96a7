/** Start at login, asked once: here, and only if not here then by the notice that comes with the first result. */
import { useState } from "react";
import { t } from "../../shared/words/words.ts";
import { useBridge } from "../state/bridge-context.ts";
import { askApp } from "../state/follow-app.ts";
import { pageStore, usePage } from "../state/store.ts";

export interface LoginChosen {
  readonly asks: boolean;
  readonly wanted: boolean;
  readonly want: (wanted: boolean) => void;
  /** Tells the app what was chosen. Throws LOGIN_ITEM_FAILED. */
  readonly answer: () => Promise<void>;
}

export function useLoginChoice(): LoginChosen {
  const { app } = useBridge();
  const login = usePage((page) => page.app?.login);
  const [wanted, want] = useState(false);
  const asks = login !== undefined && !login.asked && login.enabled === false && login.impossible === null;
  const answer = async () => {
    if (!asks || app === null) return;
    try {
      await askApp(app, pageStore, "app.setStartAtLogin", { enabled: wanted });
    } catch (thrown) {
      // The next press of the button starts without it.
      want(false);
      throw thrown;
    }
  };
  return { asks, wanted, want, answer };
}

export function LoginChoice({ choice }: { choice: LoginChosen }) {
  const { asks, wanted, want } = choice;
  if (!asks) return null;
  return (
    <label className="welcome-choice welcome-login">
      <input type="checkbox" checked={wanted} onChange={(event) => want(event.currentTarget.checked)} />
      <span className="welcome-choice-words">
        <strong>{t("welcome.login.title")}</strong>
        <span className="quiet">{t("welcome.login.text")}</span>
      </span>
    </label>
  );
}
