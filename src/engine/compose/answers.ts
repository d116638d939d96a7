/** What the engine answers when it is asked: each group of commands with the parts it asks. */
import type { ContractHandlers } from "../../shared/contract/contract.ts";
import { toErrorValue } from "../../shared/errors.ts";
import type { Onlooker } from "../device/onlooker.ts";
import { FleetDesk } from "../fleet/desk.ts";
import { placeOfFleet } from "../fleet/place.ts";
import { contractHandlers } from "../handlers.ts";
import type { Foundation } from "./foundation.ts";
import type { Markets } from "./markets.ts";
import type { Power } from "./power.ts";
import type { Views } from "./views.ts";
import type { Work } from "./work.ts";

const DIAGNOSED_EVENTS = 300;

export interface AnswerParts {
  readonly base: Foundation;
  readonly work: Work;
  readonly power: Power;
  readonly markets: Markets;
  readonly views: Views;
  readonly onlooker: Onlooker;
  /** Aborts when no work is run any more. */
  readonly working: AbortSignal;
  /** Aborts when no question is answered any more. */
  readonly serving: AbortSignal;
  readonly shutdown: () => Promise<void>;
  /** Ends the engine so that it is started again. */
  readonly restart: () => Promise<void>;
  /** Throws what would keep it from starting again. */
  readonly checkRestart: () => void;
}

export function composeAnswers(parts: AnswerParts): ContractHandlers {
  const { working, serving, shutdown, restart, checkRestart } = parts;
  const {
    config,
    ledger,
    settings,
    redactor,
    log,
    residence,
    identity,
    models,
    modelManager,
    ollama,
    gpuPack,
    llama,
    watcher,
    now,
  } = parts.base;
  const { control, fleet, presence, selfTester } = parts.work;
  const { adapters, sessions, offers, guards } = parts.markets;
  const { state, history, notices, devices } = parts.views;
  return contractHandlers({
    ledger,
    control,
    state,
    sessions,
    earnings: {
      ledger,
      markets: adapters.map(({ id }) => id),
      electricity: parts.power.electricity,
      onChange: () => state.touch("earnings"),
      now,
    },
    offers,
    identity: {
      keys: identity,
      onDeed: (deed) => {
        ledger.audit("key-used", now(), { deed });
        state.touch("headline");
      },
      restart: () => {
        try {
          checkRestart();
        } catch (thrown) {
          return log.error(`The new key counts from the next start: ${toErrorValue(thrown).message}`);
        }
        void restart();
      },
    },
    settleMachine: (as) => {
      checkRestart();
      residence.answer(as);
      // Answered first: the channel this came through closes with the engine.
      setImmediate(() => void restart());
    },
    verifier: {
      leases: ledger.leases,
      results: ledger.results,
      models,
      runtimes: () =>
        fleet.members.map(({ runtime }) => runtime).filter(({ device }) => !offers.reserved.has(device.id)),
      signal: working,
    },
    serviceLevel: (market) => guards.level(market),
    resumeMarket: (market) => guards.resume(market),
    models: modelManager,
    ollama: ollama ? () => ollama.library.view() : undefined,
    gpuPack,
    llama,
    fleetDesk: new FleetDesk({
      place: () => placeOfFleet(settings, config),
      onPlace: () => state.touch("engine"),
      signal: serving,
      now,
    }),
    settings: {
      settings,
      redactor,
      state: () => state.snapshot().state,
      events: () => ledger.activity.list({}, { limit: DIAGNOSED_EVENTS }).events.toReversed(),
      log: () => log.newest(),
      signal: serving,
      restart,
      checkRestart,
      startNextTime: () => control.startNextTime(),
      now,
    },
    device: { devices, presence: presence.keeper, history, onlooker: parts.onlooker, watcher },
    selfTest: (deviceId) => selfTester.run(deviceId, working),
    dismissNotices: () => {
      notices.dismiss();
      state.touch("engine");
    },
    shutdown,
  });
}
