/**
 * Why no GPU, or no faster back end, as people of any language hear it. Reasons come out of several processes as text;
 * those that are ours get their key back here, and what a driver or a library said stays as it came.
 */
import type { DeviceView } from "../../shared/contract/views.ts";
import { BACKEND_NAMES, describeSkipped } from "../../shared/runtime/backends.ts";
import { type EngineKey, type Said, type Spoken, say, within } from "../../shared/words/said.ts";

const KEYS = [
  "reasonSmiMissing",
  "reasonCpuAsked",
  "reasonNoneVisible",
  "reasonNoGpuShown",
  "reasonNoNvml",
  "reasonOneOfSeveral",
  "reasonDriverTooOld",
  "reasonNoLayerFits",
] as const satisfies readonly EngineKey[];
const OURS: ReadonlyMap<string, Spoken> = new Map(
  KEYS.map((key) => {
    const sentence = say(key);
    return [sentence.text, sentence];
  }),
);

/** Ours with something in it, and what that is called. */
const PATTERNS = (
  [
    ["reasonSomeLayersFit", ["fitting", "layers"]],
    ["reasonGpuUntold", ["backend"]],
    ["reasonOtherGpu", ["gpu"]],
    ["reasonSpreads", ["gpus"]],
  ] as const satisfies readonly [EngineKey, readonly string[]][]
).map(([key, names]) => {
  const places = Object.fromEntries(names.map((name) => [name, "(.+)"]));
  return { key, names, pattern: new RegExp(`^${say(key, places).text}$`) };
});

/** Without its full stop: it may be the end of a sentence of ours. */
export function spokenReason(reason: string): Spoken {
  const clause = reason.replace(/\.$/, "");
  return OURS.get(clause) ?? withValues(clause) ?? { text: clause };
}

function withValues(clause: string): Spoken | null {
  for (const { key, names, pattern } of PATTERNS) {
    const found = pattern.exec(clause);
    if (found !== null)
      return say(key, Object.fromEntries(names.map((name, i) => [name, found[i + 1] ?? ""])));
  }
  return null;
}

type Steps = NonNullable<DeviceView["backendSteps"]>;

/** Of the whole of it: steps down the ladder, and behind them what there is to say of the one that was taken. */
export function backendSaid(reason: string | null, steps: Steps): Said | undefined {
  if (reason === null) return undefined;
  const skipped = describeSkipped(steps);
  if (skipped === null || !reason.startsWith(skipped)) return remarksSaid(reason.split("; "));
  const first = stepsSaid(steps);
  const rest = reason.slice(skipped.length);
  if (rest === "" || first === undefined) return first;
  const remarks = rest.startsWith("; ") ? remarksSaid(rest.slice(2).split("; ")) : undefined;
  return remarks && say("both", { first, rest: remarks }).said;
}

/** undefined: one of them is not ours. */
function remarksSaid([first = "", ...others]: readonly string[]): Said | undefined {
  const { said } = spokenReason(first);
  if (others.length === 0 || said === undefined) return said;
  const rest = remarksSaid(others);
  return rest && say("both", { first: said, rest }).said;
}

function stepsSaid([first, ...others]: Steps): Said | undefined {
  if (first === undefined) return undefined;
  const { backend, reason } = first;
  const why = within(spokenReason(reason));
  const { said } = say("cantBeUsed", { backend: BACKEND_NAMES[backend], why });
  const rest = stepsSaid(others);
  return rest === undefined ? said : say("both", { first: said, rest }).said;
}

export const stepsWithWords = (steps: Steps): Steps =>
  steps.map((step) => {
    const { said } = spokenReason(step.reason);
    return said === undefined ? step : { ...step, said };
  });
