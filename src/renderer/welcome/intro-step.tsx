/** What the app does, and what it does not: said before anything is asked. */
import { Check, X } from "lucide-react";
import { t } from "../../shared/words/words.ts";
import { Continue, Foot, type StepProps } from "./foot.tsx";

const YES = ["jobs", "paid", "free"] as const;
const NO = ["mining", "files", "hidden", "promise"] as const;

export function IntroStep({ walk }: StepProps) {
  return (
    <>
      <div className="welcome-columns">
        <div>
          <h2>{t("welcome.intro.does")}</h2>
          <ul className="welcome-points tone-ok">
            {YES.map((key) => (
              <li key={key}>
                <Check size={16} strokeWidth={2.2} aria-hidden />
                <span>{t(`welcome.intro.yes.${key}`)}</span>
              </li>
            ))}
          </ul>
        </div>
        <div>
          <h2>{t("welcome.intro.doesNot")}</h2>
          <ul className="welcome-points tone-muted">
            {NO.map((key) => (
              <li key={key}>
                <X size={16} strokeWidth={2.2} aria-hidden />
                <span>{t(`welcome.intro.no.${key}`)}</span>
              </li>
            ))}
          </ul>
        </div>
      </div>
      <Foot walk={walk}>
        <Continue onClick={() => walk.go("machine")} />
      </Foot>
    </>
  );
}
