/** What does not work at a market, and why: in a warning's colour where it should work. */
import type { MarketLimit } from "../../shared/contract/views.ts";
import { hear } from "../../shared/words/hear.ts";
import { Note } from "./note.tsx";

export function Limits({ limits }: { limits: readonly MarketLimit[] }) {
  return limits.map(({ text, said, failing }) => (
    <Note key={text} tone={failing ? "warn" : "info"}>
      {hear(text, said)}
    </Note>
  ));
}
