/** A state as icon and word; the colour only repeats what they say. */
import type { LucideIcon } from "lucide-react";
import type { Tone } from "./tone.ts";

export interface StatusLook {
  readonly icon: LucideIcon;
  readonly word: string;
  readonly tone: Tone;
}

export function StatusWord({ look, title }: { look: StatusLook; title?: string | undefined }) {
  const Icon = look.icon;
  return (
    <span className={`status-word tone-${look.tone}`} title={title}>
      <Icon size={14} strokeWidth={2} aria-hidden />
      {look.word}
    </span>
  );
}
