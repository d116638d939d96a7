/** Everything a person can decide about Bellows, in sections with an index at the side. */
import { type ReactNode, useEffect, useRef, useState } from "react";
import { t } from "../../shared/words/words.ts";
import { DiagnosticsSection } from "./diagnostics-section.tsx";
import { EnergySection } from "./energy-section.tsx";
import { FleetSection } from "./fleet-section.tsx";
import { GeneralSection } from "./general-section.tsx";
import { MarketsSection } from "./markets-section.tsx";
import { NotificationsSection } from "./notifications-section.tsx";
import { PresenceSection } from "./presence-section.tsx";
import { RestartNote } from "./restart-note.tsx";
import { StorageSection } from "./storage-section.tsx";
import { UpdatesSection } from "./updates-section.tsx";
import { WorkSection } from "./work-section.tsx";
import "./settings.css";

const SECTIONS = [
  ["general", <GeneralSection key="general" />],
  ["markets", <MarketsSection key="markets" />],
  ["energy", <EnergySection key="energy" />],
  ["presence", <PresenceSection key="presence" />],
  ["work", <WorkSection key="work" />],
  ["notifications", <NotificationsSection key="notifications" />],
  ["updates", <UpdatesSection key="updates" />],
  ["storage", <StorageSection key="storage" />],
  ["fleet", <FleetSection key="fleet" />],
  ["help", <DiagnosticsSection key="help" />],
] as const satisfies readonly (readonly [string, ReactNode])[];
type SectionName = (typeof SECTIONS)[number][0];

export function Settings() {
  const { current, setRef, show } = useSections();
  return (
    <div className="settings">
      <h1>{t("settings.title")}</h1>
      <nav className="settings-index" aria-label={t("settings.index")}>
        {SECTIONS.map(([name]) => (
          <button
            key={name}
            type="button"
            className="settings-link"
            aria-current={name === current ? "true" : undefined}
            onClick={() => show(name)}
          >
            {t(`settings.sections.${name}`)}
          </button>
        ))}
      </nav>
      <div className="settings-body">
        <RestartNote />
        {SECTIONS.map(([name, section]) => (
          <div key={name} className="settings-section" ref={setRef(name)} data-section={name} tabIndex={-1}>
            {section}
          </div>
        ))}
      </div>
    </div>
  );
}

/** Which section is read now: the topmost one in sight. Buttons, because the address's hash belongs to the screens. */
function useSections() {
  const elements = useRef(new Map<SectionName, HTMLElement>());
  const [current, setCurrent] = useState<SectionName>("general");
  useEffect(() => {
    const inSight = new Set<SectionName>();
    const observer = new IntersectionObserver(
      (entries) => {
        for (const { target, isIntersecting } of entries) {
          const name = SECTIONS.find(([each]) => each === (target as HTMLElement).dataset.section)?.[0];
          if (name === undefined) continue;
          if (isIntersecting) inSight.add(name);
          else inSight.delete(name);
        }
        const top = SECTIONS.find(([name]) => inSight.has(name));
        if (top !== undefined) setCurrent(top[0]);
      },
      { rootMargin: "-15% 0px -60% 0px" },
    );
    for (const element of elements.current.values()) observer.observe(element);
    return () => observer.disconnect();
  }, []);
  return {
    current,
    setRef: (name: SectionName) => (element: HTMLElement | null) => {
      if (element === null) elements.current.delete(name);
      else elements.current.set(name, element);
    },
    show: (name: SectionName) => {
      const element = elements.current.get(name);
      element?.scrollIntoView({ block: "start" });
      element?.focus({ preventScroll: true });
    },
  };
}
