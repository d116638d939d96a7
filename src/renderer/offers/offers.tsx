/** GPUs for rent by the hour: for each one its price beside the market's, and whether what is listed is true. */
import { Tag } from "lucide-react";
import type { OffersView } from "../../shared/contract/offers.ts";
import type { DeviceView, MarketId } from "../../shared/contract/views.ts";
import { asSentence } from "../../shared/words/sentence.ts";
import { t } from "../../shared/words/words.ts";
import { formatAge } from "../format/time.ts";
import { verdictHelp, verdictWords } from "../gpus/device-look.ts";
import { whereItIs } from "../gpus/where-it-is.ts";
import { Note } from "../parts/note.tsx";
import { useEngine, usePage } from "../state/store.ts";
import { OfferCard } from "./offer-card.tsx";
import "./offers.css";

export function Offers() {
  const { boards, gpus, offers } = useEngine((state) => state.offers);
  const markets = useEngine((state) => state.markets);
  const devices = useEngine((state) => state.devices);
  const renting = [...new Set(boards.map(({ market }) => market))];
  return (
    <div className="screen">
      <div className="screen-head offers-head">
        <h1>{t("offers.title")}</h1>
        {boards.length > 0 && gpus.length > 0 && <Looked boards={boards} />}
      </div>
      {renting.length === 0 ? (
        <Empty title={t("offers.noMarket")} words={t("offers.noMarketHelp")} />
      ) : (
        <>
          {devices
            .filter((device) => cannotWork(device) && !gpus.some((gpu) => gpu.device === device.id))
            .map((device) => (
              <Unusable key={device.id} device={device} />
            ))}
          {gpus.length === 0 && <Empty title={t("offers.noGpu")} words={t("offers.noGpuHelp")} />}
          {renting.flatMap((market) =>
            gpus.map((gpu) => {
              const device = devices.find(({ id }) => id === gpu.device);
              return (
                <OfferCard
                  key={`${market} ${gpu.device}`}
                  market={market}
                  currency={currencyOf(market, markets)}
                  gpu={gpu}
                  name={device?.name ?? gpu.model}
                  place={device === undefined ? gpu.model : whereItIs(device)}
                  boards={boards.filter((board) => board.market === market)}
                  offers={offers.filter((offer) => offer.market === market && offer.device === gpu.device)}
                />
              );
            }),
          )}
        </>
      )}
    </div>
  );
}

function Looked({ boards }: { boards: OffersView["boards"] }) {
  const oldest = boards.some(({ checkedAt }) => checkedAt === null)
    ? null
    : Math.min(...boards.map(({ checkedAt }) => checkedAt ?? 0));
  const words = usePage(({ now }) =>
    oldest === null
      ? t("offers.board.never")
      : t("offers.boards", { count: boards.length, age: formatAge(oldest, now) }),
  );
  return <p className="quiet figures">{words}</p>;
}

function Empty({ title, words }: { title: string; words: string }) {
  return (
    <section className="card">
      <div className="card-empty">
        <Tag size={22} strokeWidth={1.6} aria-hidden />
        <strong>{title}</strong>
        <span className="offers-empty-words">{words}</span>
      </div>
    </section>
  );
}

function Unusable({ device }: { device: DeviceView }) {
  const { verdict } = device;
  if (verdict === undefined || verdict.usable) return null;
  return (
    <Note tone="warn" help={verdictHelp(verdict)}>
      <b>{t("offers.unusable", { name: device.name })}</b> {asSentence(verdictWords(verdict))}
    </Note>
  );
}

const cannotWork = ({ kind, verdict }: DeviceView): boolean => kind === "gpu" && verdict?.usable === false;

function currencyOf(market: MarketId, markets: readonly { id: MarketId; currency: "AIT" | "ANM" }[]) {
  return markets.find(({ id }) => id === market)?.currency ?? "AIT";
}
