/** How an event of the log looks and what it is called. */
import { CircleX, Info, type LucideIcon, TriangleAlert } from "lucide-react";
import type { ActivityEvent, ActivityLevel } from "../../shared/contract/activity.ts";
import { en } from "../../shared/words/en/en.ts";
import { hear } from "../../shared/words/hear.ts";
import { t } from "../../shared/words/words.ts";
import type { StatusLook } from "../parts/status-word.tsx";
import type { Tone } from "../parts/tone.ts";

const LOOKS: Readonly<Record<ActivityLevel, { readonly icon: LucideIcon; readonly tone: Tone }>> = {
  info: { icon: Info, tone: "muted" },
  notice: { icon: TriangleAlert, tone: "warn" },
  problem: { icon: CircleX, tone: "bad" },
};

export const levelLook = (level: ActivityLevel): StatusLook => ({
  ...LOOKS[level],
  word: t(`activity.level.${level}`),
});

type NamedType = keyof typeof en.activity.type;
const isNamed = (type: string): type is NamedType => Object.hasOwn(en.activity.type, type);

/** An engine may write down what this page has no name for yet: then its own word is made readable. */
export function typeName(type: string): string {
  if (isNamed(type)) return t(`activity.type.${type}`);
  const words = type.replaceAll(/[-_.]+/g, " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** What its detail says; null: its name says it all. */
export function eventWords({ text, said }: Pick<ActivityEvent, "text" | "said">): string | null {
  return text === null ? null : hear(text, said);
}
