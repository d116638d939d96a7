/** Every signal that is looked at, with what it says now: so that nobody has to guess why a GPU rests or works. */
import { Check, CirclePause, Minus } from "lucide-react";
import type { PresenceSignal } from "../../shared/contract/presence.ts";
import type { DeviceView } from "../../shared/contract/views.ts";
import { hear } from "../../shared/words/hear.ts";
import { asSentence } from "../../shared/words/sentence.ts";
import { t } from "../../shared/words/words.ts";
import { shownSignals } from "./device-kind.ts";

const LOOK = {
  blocks: { icon: CirclePause, tone: "warn" },
  allows: { icon: Check, tone: "ok" },
  unknown: { icon: Minus, tone: "muted" },
  off: { icon: Minus, tone: "muted" },
} as const;

export function DeviceRest({ device }: { device: DeviceView }) {
  const { name } = device;
  const signals = shownSignals(device, device.signals ?? []);
  if (signals.length === 0) return null;
  const shown = signals.filter(({ state }) => state !== "off");
  const off = signals.filter(({ state }) => state === "off");
  return (
    <section className="gpu-part" aria-label={`${t("gpus.rest.title")}: ${name}`}>
      <h3>{t("gpus.rest.title")}</h3>
      <ul className="gpu-signals">
        {shown.map((signal) => (
          <Signal key={signal.name} signal={signal} />
        ))}
      </ul>
      {off.length > 0 && (
        <p className="quiet gpu-words">
          {t("gpus.signalState.off")}: {off.map(({ name }) => t(`gpus.signal.${name}`)).join(", ")}
        </p>
      )}
    </section>
  );
}

function Signal({ signal }: { signal: PresenceSignal }) {
  const { icon: Icon, tone } = LOOK[signal.state];
  const text = asSentence(hear(signal.text, signal.said));
  return (
    <li className="gpu-signal">
      <span className={`gpu-signal-state tone-${tone}`}>
        <Icon size={14} aria-label={t(`gpus.signalState.${signal.state}`)} />
      </span>
      <span>{t(`gpus.signal.${signal.name}`)}</span>
      <span className="quiet">{text.charAt(0).toUpperCase() + text.slice(1)}</span>
    </li>
  );
}
