/** The rules of presence as the settings have them. */
import type { PresenceRules } from "../../shared/contract/presence.ts";
import type { LiveSettings } from "./settings.ts";

export function presenceRules(settings: Pick<LiveSettings, "value">): PresenceRules {
  const idle = settings.value("presenceIdleMinutes") ?? 0;
  return {
    otherPrograms: settings.value("presenceOtherPrograms") ?? true,
    programs: [...(settings.value("presencePrograms") ?? [])],
    busy:
      settings.value("presenceWhenBusy") === false
        ? null
        : {
            percent: settings.value("presenceBusyPercent") ?? 50,
            seconds: settings.value("presenceBusySeconds") ?? 30,
          },
    fullscreen: settings.value("presenceFullscreen") ?? true,
    idleMinutes: idle === 0 ? null : idle,
    battery: settings.value("presenceBattery") ?? true,
    schedule: [...(settings.value("presenceSchedule") ?? [])],
    temperatureC: settings.value("presenceTemperature") ?? null,
  };
}
