/** The contract's commands, each in a line: what the engine does when somebody asks. */

import type { ContractHandlers } from "../shared/contract/contract.ts";
import type { MoveAnswer } from "../shared/contract/machine.ts";
import type { OllamaView } from "../shared/contract/ollama.ts";
import type { SelfTestReport } from "../shared/contract/self-test.ts";
import type { ServiceLevel } from "../shared/contract/service-level.ts";
import type { MarketId } from "../shared/contract/views.ts";
import { type DeviceHandlerDeps, deviceHandlers } from "./device/handlers.ts";
import { type EarningDeps, earningHandlers } from "./earnings/handlers.ts";
import type { FleetDesk } from "./fleet/desk.ts";
import type { GpuPackDesk } from "./gpu-pack/desk.ts";
import { gpuPackHandlers } from "./gpu-pack/handlers.ts";
import { type IdentityHandlerDeps, identityHandlers } from "./identity/handlers.ts";
import { jobHandlers } from "./ledger/job-reader.ts";
import type { Ledger } from "./ledger/ledger.ts";
import type { LlamaDesk } from "./llama/desk.ts";
import { llamaHandlers } from "./llama/handlers.ts";
import { accountHandlers } from "./market/account-handlers.ts";
import type { MarketSession } from "./market/session.ts";
import type { ModelManager } from "./models/manager.ts";
import { modelHandlers } from "./models/model-handlers.ts";
import { offerHandlers } from "./offers/handlers.ts";
import type { OfferManager } from "./offers/manager.ts";
import { type JobVerifierDeps, verifyHandlers } from "./receipt/job-verifier.ts";
import { type SettingsHandlerDeps, settingsHandlers } from "./settings/handlers.ts";
import type { StateKeeper } from "./state/keeper.ts";
import type { RunControl } from "./work/run-control.ts";

export interface HandlerDeps {
  readonly ledger: Ledger;
  readonly control: RunControl;
  readonly state: StateKeeper;
  readonly sessions: readonly MarketSession[];
  readonly earnings: EarningDeps;
  readonly offers: OfferManager;
  readonly identity: IdentityHandlerDeps;
  /** The engine is started again after it. Throws SAME_MACHINE, or what would keep it from starting. */
  readonly settleMachine: (as: MoveAnswer) => void;
  readonly verifier: JobVerifierDeps;
  readonly serviceLevel: (market: MarketId) => ServiceLevel | null;
  /** Its work is taken again, however many leases were lost there. */
  readonly resumeMarket: (market: MarketId) => void;
  readonly models: ModelManager;
  /** Absent: none was turned on. */
  readonly ollama?: (() => OllamaView) | undefined;
  readonly gpuPack: GpuPackDesk;
  readonly llama: LlamaDesk;
  readonly fleetDesk: FleetDesk;
  readonly settings: SettingsHandlerDeps;
  readonly device: DeviceHandlerDeps;
  readonly selfTest: (deviceId: string | undefined) => Promise<SelfTestReport[]>;
  readonly dismissNotices: () => void;
  readonly shutdown: () => Promise<void>;
}

export function contractHandlers(deps: HandlerDeps): ContractHandlers {
  const { ledger, control, state } = deps;
  return {
    "state.snapshot": async () => state.snapshot(),
    "run.start": async () => {
      for (const { adapter } of deps.sessions) deps.resumeMarket(adapter.id);
      return { intent: control.start() };
    },
    "market.resume": async ({ market }) => {
      deps.resumeMarket(market);
      return {};
    },
    "run.pause": async () => ({ intent: control.pause() }),
    "run.finish": async ({ forAWhile }) => ({ intent: forAWhile ? control.windDown() : control.finish() }),
    "run.resume": async () => ({ intent: control.resume() }),
    "run.stop": async () => ({ intent: control.stop() }),
    "selftest.run": async ({ device }) => ({ reports: await deps.selfTest(device) }),
    ...deviceHandlers(deps.device),
    ...jobHandlers(ledger),
    ...earningHandlers(deps.earnings),
    ...accountHandlers(deps.sessions),
    ...identityHandlers(deps.identity),
    "machine.settle": async ({ as }) => {
      deps.settleMachine(as);
      return {};
    },
    ...verifyHandlers(deps.verifier),
    ...offerHandlers(deps.offers),
    ...modelHandlers(deps.models, deps.ollama),
    ...gpuPackHandlers(deps.gpuPack),
    ...llamaHandlers(deps.llama),
    "fleet.read": async () => deps.fleetDesk.read(),
    ...settingsHandlers(deps.settings),
    "service.level": async ({ market }) => ({ level: deps.serviceLevel(market) }),
    "notices.dismiss": async () => {
      deps.dismissNotices();
      return {};
    },
    "engine.shutdown": async () => {
      // Answered first: the channel this came through closes with the engine.
      setImmediate(() => void deps.shutdown());
      return {};
    },
  };
}
