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
] as const satisfies readonly EngineKey[];
const OURS: ReadonlyMap<string, Spoken> = new Map(
  KEYS.map((key) => {
    const sentence = say(key);
    return [sentence.text, sentence];
  }),
);

/** Without its full stop: it may be the end of a sentence of ours. */
export function spokenReason(reason: string): Spoken {
  const clause = reason.replace(/\.$/, "");
  return OURS.get(clause) ?? { text: clause };
}

type Steps = NonNullable<DeviceView["backendSteps"]>;

/** Of the whole of it, where it is made of steps down the ladder; else of a reason by itself. */
export function backendSaid(reason: string | null, steps: Steps): Said | undefined {
  if (reason === null) return undefined;
  return reason === describeSkipped(steps) ? stepsSaid(steps) : spokenReason(reason).said;
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
