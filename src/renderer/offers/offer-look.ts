/** How a GPU stands on a market, in an icon, a word and a tone: the most pressing of its offers speaks for all. */
import {
  CircleCheck,
  CircleDashed,
  CircleHelp,
  CircleX,
  Flame,
  Hourglass,
  LoaderCircle,
  TriangleAlert,
  Undo2,
} from "lucide-react";
import type { OfferView } from "../../shared/contract/offers.ts";
import { t } from "../../shared/words/words.ts";
import type { StatusLook } from "../parts/status-word.tsx";

export type Standing =
  | "none"
  | "waiting"
  | "coming"
  | "listed"
  | "differs"
  /** As it was last seen: it could not be looked at since, or what was to be changed was not. */
  | "unchecked"
  | "rented"
  | "leaving"
  | "refused";

/** The first that any offer is in. */
const PRESSING: readonly Standing[] = [
  "refused",
  "rented",
  "waiting",
  "differs",
  "unchecked",
  "leaving",
  "coming",
  "listed",
  "none",
];

export function standingOf(offer: OfferView): Standing {
  const { state, wanted, waiting, drift, error } = offer;
  if (!wanted)
    return state === "withdrawn" ? "none" : state === "listed" ? "leaving" : rentedOr(state, "leaving");
  if (state === "refused") return "refused";
  if (waiting !== null) return "waiting";
  switch (state) {
    case "listed":
      return drift !== null ? "differs" : error !== null ? "unchecked" : "listed";
    case "booked":
    case "in-use":
      return "rented";
    case "planned":
    case "publishing":
      return "coming";
    case "withdrawn":
      return "none";
  }
}

const rentedOr = (state: OfferView["state"], other: Standing): Standing =>
  state === "booked" || state === "in-use" ? "rented" : other;

export function standingOfAll(offers: readonly OfferView[]): Standing {
  const standings = offers.map(standingOf);
  return PRESSING.find((standing) => standings.includes(standing)) ?? "none";
}

export function lookOf(standing: Standing): StatusLook {
  const word = t(`offers.state.${standing}`);
  switch (standing) {
    case "none":
      return { icon: CircleDashed, word, tone: "muted" };
    case "waiting":
      return { icon: Hourglass, word, tone: "warn" };
    case "coming":
      return { icon: LoaderCircle, word, tone: "info" };
    case "listed":
      return { icon: CircleCheck, word, tone: "ok" };
    case "differs":
      return { icon: TriangleAlert, word, tone: "warn" };
    case "unchecked":
      return { icon: CircleHelp, word, tone: "warn" };
    case "rented":
      return { icon: Flame, word, tone: "ember" };
    case "leaving":
      return { icon: Undo2, word, tone: "info" };
    case "refused":
      return { icon: CircleX, word, tone: "bad" };
  }
}
