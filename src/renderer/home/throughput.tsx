/** Accepted results over the last minute, one bar a second. */
import { t } from "../../shared/words/words.ts";
import { showNumber } from "../format/reading.ts";
import { Card } from "../parts/card.tsx";
import { useEngine } from "../state/store.ts";
import { lastMinute, SECONDS } from "./last-minute.ts";

const BAR = 3;
const GAP = 1;
const HEIGHT = 44;

export function Throughput() {
  const { jobsLastMinute, acceptedTotal, failedLastDay, perSecond } = useEngine((state) => state.throughput);
  return (
    <Card title={t("home.throughput.title")} aside={t("home.throughput.failed", { count: failedLastDay })}>
      <div className="throughput">
        <p className="throughput-rate">
          <span className="throughput-number">{showNumber(jobsLastMinute)}</span>{" "}
          <span className="quiet">{t("home.throughput.unit")}</span>
          <span className="throughput-total">{t("home.throughput.total", { count: acceptedTotal })}</span>
        </p>
        <Sparkline perSecond={perSecond} />
      </div>
    </Card>
  );
}

function Sparkline({ perSecond }: { perSecond: readonly number[] }) {
  const counts = lastMinute(perSecond);
  const most = Math.max(1, ...counts);
  return (
    <figure className="spark">
      <svg
        viewBox={`0 0 ${SECONDS * (BAR + GAP) - GAP} ${HEIGHT}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={t("home.throughput.spark", { most: Math.max(...counts) })}
      >
        {counts.map((count, index) => {
          const height = count === 0 ? 1 : Math.max(3, (count / most) * HEIGHT);
          return (
            <rect
              // biome-ignore lint/suspicious/noArrayIndexKey: a bar is its second.
              key={index}
              className={count === 0 ? "spark-none" : "spark-bar"}
              x={index * (BAR + GAP)}
              y={HEIGHT - height}
              width={BAR}
              height={height}
              rx={count === 0 ? 0 : 0.8}
            />
          );
        })}
      </svg>
      <figcaption className="spark-axis" aria-hidden>
        <span>{t("home.throughput.ago")}</span>
        <span>{t("home.throughput.now")}</span>
      </figcaption>
    </figure>
  );
}
