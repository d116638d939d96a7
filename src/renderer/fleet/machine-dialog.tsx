/** One machine, whole: its GPUs, markets and service level, why it is not reached, and how to open its own dashboard. */
import type { ReactNode } from "react";
import type { FleetGpu, FleetMachine, FleetMarket, WorkerFacts } from "../../shared/contract/fleet.ts";
import { isUnusable } from "../../shared/fleet.ts";
import { hear } from "../../shared/words/hear.ts";
import { t } from "../../shared/words/words.ts";
import { marketName } from "../format/market-name.ts";
import { showNumber, UNKNOWN } from "../format/reading.ts";
import { formatAge, formatMoment } from "../format/time.ts";
import { Amount } from "../parts/amount.tsx";
import { Dialog } from "../parts/controls/dialog.tsx";
import { Fact } from "../parts/fact.tsx";
import { ErrorNote } from "../parts/note.tsx";
import { StatusWord } from "../parts/status-word.tsx";
import { figure } from "../reliability/measure-words.ts";
import { usePage } from "../state/store.ts";
import { CommandLine } from "./command-line.tsx";
import { wayToDashboard } from "./dashboard-way.ts";
import { factsOf } from "./machine-list.ts";
import { levelLook, measureLook } from "./machine-look.ts";

export function MachineDialog({ machine, onClose }: { machine: FleetMachine; onClose: () => void }) {
  const { name, error, last, readBy, where } = machine;
  const seen = usePage(({ now }) => (last === null ? null : formatAge(last.at, now)));
  return (
    <Dialog open onClose={onClose} wide title={name} words={<Sentence machine={machine} />}>
      {error !== null && <ErrorNote error={error} />}
      {error !== null && seen !== null && (
        <p className="quiet">{t("fleet.machine.asOfThen", { time: seen })}</p>
      )}
      <dl className="machine-facts">
        <Fact label={t("fleet.machine.where")}>
          {t(`fleet.machine.by.${readBy}`)} <span className="mono machine-where">{where}</span>
        </Fact>
        {last !== null && <Standing facts={last.facts} />}
      </dl>
      {last !== null && (
        <>
          <Gpus gpus={last.facts.gpus} />
          <Markets facts={last.facts} />
          <Service facts={last.facts} />
          {last.facts.models === null && <p className="quiet machine-partly">{t("fleet.machine.partly")}</p>}
        </>
      )}
      <Open machine={machine} />
    </Dialog>
  );
}

function Sentence({ machine }: { machine: FleetMachine }) {
  const facts = factsOf(machine);
  if (facts === null)
    return <>{t(machine.otherVersion === undefined ? "fleet.unreached" : "fleet.otherVersion")}</>;
  const { sentence, said } = facts;
  return (
    <span className="machine-sentence">
      <StatusWord look={levelLook(facts)} />
      {sentence !== null && <span>{hear(sentence, said)}</span>}
    </span>
  );
}

function Standing({ facts: { version, mode, startedAt, accepted, models } }: { facts: WorkerFacts }) {
  return (
    <>
      <Fact label={t("fleet.machine.version")}>{version}</Fact>
      <Fact label={t("fleet.machine.up")}>{startedAt === null ? UNKNOWN : formatMoment(startedAt)}</Fact>
      <Fact label={t("fleet.machine.modeLabel")}>{t(`fleet.machine.mode.${mode}`)}</Fact>
      <Fact label={t("fleet.machine.accepted")}>{showNumber(accepted)}</Fact>
      {models !== null && (
        <Fact label={t("fleet.machine.models")}>
          {models.length === 0 ? t("fleet.machine.noModels") : models.join(", ")}
        </Fact>
      )}
    </>
  );
}

function Part({ title, none, children }: { title: string; none: string | null; children: ReactNode }) {
  return (
    <section className="machine-part">
      <h3>{title}</h3>
      {none === null ? <ul>{children}</ul> : <p className="quiet">{none}</p>}
    </section>
  );
}

function Gpus({ gpus }: { gpus: readonly FleetGpu[] }) {
  return (
    <Part title={t("fleet.machine.gpus")} none={gpus.length === 0 ? t("fleet.machine.noGpus") : null}>
      {gpus.map((gpu) => (
        <li key={gpu.id} className="machine-line">
          <span className="clip" title={gpu.id}>
            {gpu.name}
          </span>
          <span className={isUnusable(gpu) ? "tone-word tone-bad" : "quiet"}>{gpuWord(gpu)}</span>
          <span className="quiet figures">{readings(gpu)}</span>
        </li>
      ))}
    </Part>
  );
}

function gpuWord({ usable, leftOut, state }: FleetGpu): string {
  if (leftOut === true) return t("gpus.state.leftOut");
  if (!usable) return t("fleet.machine.unusable");
  return state === null ? t("fleet.machine.usable") : t(`gpus.state.${state}`);
}

/** Only what is known. */
function readings({ temperatureC, powerW, utilisationPct, driver }: FleetGpu): string {
  const known = [
    [temperatureC, "°C"],
    [powerW, "W"],
    [utilisationPct, "%"],
  ] as const;
  return [
    ...known.flatMap(([value, unit]) => (value === null ? [] : [`${showNumber(value)} ${unit}`])),
    ...(driver === null ? [] : [t("fleet.machine.driver", { version: driver })]),
  ].join(" · ");
}

function Markets({ facts: { markets, earnings } }: { facts: WorkerFacts }) {
  return (
    <Part
      title={t("fleet.machine.markets")}
      none={markets.length === 0 ? t("fleet.machine.noMarkets") : null}
    >
      {markets.map((market) => {
        const paid = earnings.find((row) => row.market === market.market);
        return (
          <li key={market.market} className="machine-line">
            <span>{marketName(market.market)}</span>
            <MarketState market={market} />
            <span className="figures">
              {paid === undefined ? (
                UNKNOWN
              ) : (
                <>
                  <Amount value={paid.settled} />
                  {paid.settledToday !== null && (
                    <span className="quiet">
                      {" · "}
                      {t("fleet.machine.settledToday")} <Amount value={paid.settledToday} />
                    </span>
                  )}
                </>
              )}
            </span>
          </li>
        );
      })}
    </Part>
  );
}

function MarketState({ market: { connected, lastHeartbeatAt, leasesHeld } }: { market: FleetMarket }) {
  const heartbeat = usePage(({ now }) =>
    lastHeartbeatAt === null ? UNKNOWN : formatAge(lastHeartbeatAt, now),
  );
  return (
    <span className="quiet">
      <span className={connected ? undefined : "tone-word tone-bad"}>
        {t(connected ? "fleet.machine.connected" : "fleet.machine.disconnected")}
      </span>
      {` · ${t("fleet.machine.heartbeat", { time: heartbeat })} · ${t("fleet.machine.held", { count: leasesHeld })}`}
    </span>
  );
}

function Service({ facts: { service } }: { facts: WorkerFacts }) {
  return (
    <Part
      title={t("fleet.machine.service")}
      none={service.length === 0 ? t("fleet.machine.noService") : null}
    >
      {service.map((measure) => (
        <li key={`${measure.market} ${measure.name}`} className="machine-line">
          <StatusWord look={{ ...measureLook(measure), word: t(`reliability.measure.${measure.name}`) }} />
          <span className="quiet">{t(`reliability.state.${measure.state}`)}</span>
          <span className="quiet figures">
            {t("reliability.bar", {
              value: figure(measure.value, measure.unit),
              limit: figure(measure.limit, measure.unit),
            })}
          </span>
        </li>
      ))}
    </Part>
  );
}

/** No link: what listens on another machine's loopback can't be opened from here by a click. */
function Open({ machine }: { machine: FleetMachine }) {
  const here = machine.readBy === "data";
  return (
    <section className="machine-part">
      <h3>{t("fleet.machine.open")}</h3>
      <p className="quiet">{t(here ? "fleet.machine.openHere" : "fleet.machine.openThere")}</p>
      <CommandLine text={wayToDashboard(machine)} what={t("fleet.machine.command")} />
      {!here && <p className="quiet machine-port">{t("fleet.machine.openPort")}</p>}
    </section>
  );
}
