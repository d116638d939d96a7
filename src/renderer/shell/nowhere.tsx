/** An address that names no screen: it says so, and shows the way. */
import { MapPinOff } from "lucide-react";
import { t } from "../../shared/words/words.ts";
import { screenHref } from "../state/route.ts";

const MOST_SHOWN = 60;

export function Nowhere() {
  return (
    <div className="gate">
      <MapPinOff className="gate-icon" size={36} strokeWidth={1.5} aria-hidden />
      <h1>{t("shell.noSuchScreen")}</h1>
      <p className="gate-text">
        {t("shell.noSuchScreenText", { address: window.location.hash.slice(0, MOST_SHOWN) })}
      </p>
      <a className="button" href={screenHref("home")}>
        {t("shell.toHome")}
      </a>
    </div>
  );
}
