/**
 * The names the bridge lets through. The compiler holds this list to the contract in both directions, so the preload
 * needs neither the contract's schemas nor zod: every page load parses it.
 */
import type { AppCommandName, AppEventName } from "../shared/contract/app.ts";
import type { CommandName, EventName } from "../shared/contract/contract.ts";

const COMMAND_NAMES: Readonly<Record<CommandName, true>> = {
  "state.snapshot": true,
  "run.start": true,
  "run.pause": true,
  "run.finish": true,
  "run.stop": true,
  "devices.list": true,
  "devices.setEnabled": true,
  "devices.pause": true,
  "devices.resume": true,
  "devices.setLimits": true,
  "devices.redetect": true,
  "devices.history": true,
  "devices.watch": true,
  "presence.report": true,
  "selftest.run": true,
  "jobs.list": true,
  "jobs.count": true,
  "jobs.choices": true,
  "jobs.get": true,
  "jobs.output": true,
  "jobs.verify": true,
  "provider.terms": true,
  "provider.standing": true,
  "provider.stake": true,
  "provider.unstake": true,
  "provider.balance": true,
  "provider.claim": true,
  "identity.status": true,
  "identity.create": true,
  "identity.unlock": true,
  "identity.export": true,
  "identity.phrase": true,
  "identity.checkBackup": true,
  "identity.restore": true,
  "identity.rotate": true,
  "service.level": true,
  "offers.list": true,
  "offers.offer": true,
  "offers.withdraw": true,
  "offers.preview": true,
  "prices.quote": true,
  "gpuPack.status": true,
  "gpuPack.install": true,
  "gpuPack.cancel": true,
  "gpuPack.verify": true,
  "gpuPack.remove": true,
  "earnings.series": true,
  "earnings.summary": true,
  "earnings.report": true,
  "earnings.entries": true,
  "earnings.csv": true,
  "activity.list": true,
  "activity.types": true,
  "fleet.read": true,
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
  "models.disk": true,
  "notices.dismiss": true,
  "settings.get": true,
  "settings.set": true,
  "settings.testConnection": true,
  "data.use": true,
  "diagnostics.preview": true,
  "engine.restart": true,
  "engine.shutdown": true,
};

const EVENT_NAMES: Readonly<Record<EventName, true>> = { "state.delta": true };

export const commandNames = Object.keys(COMMAND_NAMES) as readonly CommandName[];
export const eventNames = Object.keys(EVENT_NAMES) as readonly EventName[];

const APP_COMMAND_NAMES: Readonly<Record<AppCommandName, true>> = {
  "app.get": true,
  "app.setStartAtLogin": true,
  "app.leaveSafeMode": true,
  "app.openCrashReports": true,
  "app.checkForUpdate": true,
  "app.downloadUpdate": true,
  "app.cancelDownload": true,
  "app.installUpdate": true,
  "app.postponeUpdate": true,
  "app.rollBack": true,
};

const APP_EVENT_NAMES: Readonly<Record<AppEventName, true>> = { "app.changed": true, "app.show": true };

export const appCommandNames = Object.keys(APP_COMMAND_NAMES) as readonly AppCommandName[];
export const appEventNames = Object.keys(APP_EVENT_NAMES) as readonly AppEventName[];
