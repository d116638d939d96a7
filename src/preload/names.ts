/**
 * The names the bridge lets through. The compiler holds this list to the contract in both directions, so the preload
 * needs neither the contract's schemas nor zod: every page load parses it.
 */
import type { CommandName, EventName } from "../shared/contract/contract.ts";

const COMMAND_NAMES: Readonly<Record<CommandName, true>> = {
  "state.snapshot": true,
  "run.start": true,
  "run.pause": true,
  "run.finish": true,
  "run.stop": true,
  "devices.list": true,
  "selftest.run": true,
  "jobs.list": true,
  "jobs.get": true,
  "provider.standing": true,
  "provider.stake": true,
  "provider.unstake": true,
  "provider.balance": true,
  "provider.claim": true,
  "service.level": true,
  "offers.list": true,
  "offers.offer": true,
  "offers.withdraw": true,
  "prices.quote": true,
  "models.list": true,
  "models.download": true,
  "models.pause": true,
  "models.resume": true,
  "models.cancel": true,
  "models.remove": true,
  "models.verify": true,
  "models.setAllowed": true,
  "models.setPinned": true,
  "models.prune": true,
  "notices.dismiss": true,
  "engine.shutdown": true,
};

const EVENT_NAMES: Readonly<Record<EventName, true>> = { "state.delta": true };

export const commandNames = Object.keys(COMMAND_NAMES) as readonly CommandName[];
export const eventNames = Object.keys(EVENT_NAMES) as readonly EventName[];
