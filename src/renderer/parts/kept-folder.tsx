/** A folder that is fetched, checked and removed on a person's word: what is in it, line by line, and what came of it. */
import { Check, CircleDashed } from "lucide-react";
import type { ReactNode } from "react";
import type { FolderWorkView } from "../../shared/contract/folder-work.ts";
import type { ErrorValue } from "../../shared/errors.ts";
import { ErrorNote, Note } from "./note.tsx";
import "./kept-folder.css";

interface LineProps {
  /** It is here already. */
  readonly here: boolean;
  readonly children: ReactNode;
}

export function KeptLine({ here, children }: LineProps) {
  const Icon = here ? Check : CircleDashed;
  return (
    <li className="kept-line">
      <Icon size={15} className={`tone-${here ? "ok" : "muted"} kept-icon`} aria-hidden />
      {children}
    </li>
  );
}

interface OutcomeProps {
  readonly view: Pick<FolderWorkView, "error" | "checked">;
  /** Why the last click came to nothing; null: it did not. */
  readonly refused: ErrorValue | null;
  readonly words: {
    readonly allRight: string;
    readonly wrong: (files: string) => string;
    readonly wrongHelp: string;
  };
}

/** What the last install, check or removal came to. */
export function KeptOutcome({ view: { error, checked }, refused, words }: OutcomeProps) {
  const wrong = checked?.wrong ?? [];
  return (
    <>
      {refused !== null && <ErrorNote error={refused} alert />}
      {error !== null && <ErrorNote error={error} alert />}
      {checked !== null && wrong.length === 0 && <Note tone="info">{words.allRight}</Note>}
      {wrong.length > 0 && (
        <Note tone="bad" help={words.wrongHelp}>
          {words.wrong(wrong.join(", "))}
        </Note>
      )}
    </>
  );
}
