/** What tray and menu do when they are clicked: what the window asks about first, they ask about first. */
import type { State } from "../shared/contract/views.ts";
import { rentedBy } from "../shared/device-rest.ts";
import { unreachable } from "../shared/errors.ts";
import type { AppDesk } from "./app-desk.ts";
import { type CommandedEngine, carryOut } from "./commands.ts";
import { jobsHeld, type TrayAction } from "./tray-model.ts";

export interface TrayActionsDeps {
  readonly engine: CommandedEngine;
  /** null: the engine has told nothing yet. */
  readonly state: () => State | null;
  readonly desk: Pick<AppDesk, "carryOut" | "leaveSafeMode">;
  readonly installUpdate: () => Promise<void>;
  /** Jobs are under way and would be given back. */
  readonly askToStop: (held: number) => Promise<boolean>;
  /** A renter keeps the GPU, whatever is paused here. `endsAt`: unix ms; null: not told. */
  readonly askToPauseRented: (gpu: string, endsAt: number | null) => Promise<boolean>;
}

/** A refusal is shown by the state that follows: neither place has room for a sentence of its own. */
export function trayActions(deps: TrayActionsDeps): (action: TrayAction) => Promise<void> {
  const { engine, state, desk } = deps;

  async function mayRest(id: string): Promise<boolean> {
    const now = state();
    const rented = now === null ? undefined : rentedBy(now.offers.offers, id);
    if (rented === undefined) return true;
    const name = now?.devices.find((device) => device.id === id)?.name ?? rented.model;
    return deps.askToPauseRented(name, rented.booking?.endsAt ?? null);
  }

  return async (action) => {
    switch (action.kind) {
      case "verb": {
        const held = jobsHeld(state());
        if (action.verb === "run.stop" && held > 0 && !(await deps.askToStop(held))) return;
        await carryOut(engine, action.verb, {});
        return;
      }
      case "pause":
        if (!(await mayRest(action.device))) return;
        await engine.invoke("devices.pause", { device: action.device, for: action.for });
        return;
      case "resume":
        await engine.invoke("devices.resume", { device: action.device });
        return;
      case "leave-safe-mode":
        return desk.leaveSafeMode();
      case "install-update":
        return deps.installUpdate();
      case "start-at-login":
        await desk.carryOut("app.setStartAtLogin", { enabled: action.enabled });
        return;
      default:
        unreachable(action);
    }
  };
}
