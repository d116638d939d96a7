/** Every penalty the market lists: what was taken, why, and for which job. */
import { ShieldCheck } from "lucide-react";
import type { ProviderStanding } from "../../shared/contract/views.ts";
import { hear } from "../../shared/words/hear.ts";
import { t } from "../../shared/words/words.ts";
import { amountText } from "../format/amount.ts";
import { UNKNOWN } from "../format/reading.ts";
import { formatMoment } from "../format/time.ts";
import { Amount } from "../parts/amount.tsx";
import { Card } from "../parts/card.tsx";
import { Digest } from "../parts/digest.tsx";

export function Penalties({ standing }: { standing: ProviderStanding | null }) {
  const slashes = standing?.slashes ?? [];
  const [first] = slashes;
  return (
    <Card
      title={t("reliability.slashes.title")}
      aside={
        first !== undefined &&
        t("reliability.slashes.total", {
          amount: amountText({
            currency: first.amount.currency,
            minor: slashes.reduce((sum, { amount }) => sum + BigInt(amount.minor), 0n).toString(),
          }),
          currency: first.amount.currency,
        })
      }
      className="penalties"
    >
      {standing === null ? (
        <p className="quiet">{t("reliability.standing.unknown")}</p>
      ) : slashes.length === 0 ? (
        <p className="guard-calm tone-ok">
          <ShieldCheck size={16} aria-hidden />
          <span>
            <strong>{t("reliability.slashes.none")}</strong>
            <span className="quiet">{t("reliability.slashes.noneText")}</span>
          </span>
        </p>
      ) : (
        <table className="slash-table">
          <thead>
            <tr>
              <th scope="col">{t("reliability.slashes.when")}</th>
              <th scope="col">{t("reliability.slashes.why")}</th>
              <th scope="col" className="col-number">
                {t("reliability.slashes.amount")}
              </th>
            </tr>
          </thead>
          <tbody>
            {slashes.map((slash, index) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: penalties of one block and job differ in nothing else.
              <tr key={index}>
                <td className="figures">{when(slash)}</td>
                <td>
                  {hear(slash.text, slash.said)}
                  {slash.jobId !== null && (
                    <>
                      {" "}
                      <Digest value={slash.jobId} what={t("reliability.slashes.job")} />
                    </>
                  )}
                </td>
                <td className="col-number">
                  <Amount value={slash.amount} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </Card>
  );
}

function when({ at, height }: ProviderStanding["slashes"][number]): string {
  if (at != null) return formatMoment(at);
  return height === null ? UNKNOWN : t("reliability.slashes.block", { height });
}
