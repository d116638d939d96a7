/** Parts of one thing, one in sight at a time. */
import { Tabs as Base } from "@base-ui/react/tabs";
import type { ReactNode } from "react";
import "./controls.css";
import { ariaName, type Named } from "./named.ts";

export interface Tab<T extends string> {
  readonly value: T;
  readonly label: ReactNode;
  readonly content: ReactNode;
}

type TabsProps<T extends string> = Named & {
  readonly value: T;
  readonly tabs: readonly Tab<T>[];
  readonly onChange: (value: T) => void;
};

export function Tabs<T extends string>({ value, tabs, onChange, ...named }: TabsProps<T>) {
  return (
    <Base.Root className="tabs" value={value} onValueChange={(next: T) => onChange(next)}>
      <Base.List className="tabs-list" {...ariaName(named)} activateOnFocus>
        {tabs.map((tab) => (
          <Base.Tab key={tab.value} className="tab" value={tab.value}>
            {tab.label}
          </Base.Tab>
        ))}
      </Base.List>
      {tabs.map((tab) => (
        <Base.Panel key={tab.value} className="tab-panel" value={tab.value}>
          {tab.content}
        </Base.Panel>
      ))}
    </Base.Root>
  );
}
