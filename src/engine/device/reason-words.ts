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

const SOME_LAYERS = new RegExp(
  `^${say("reasonSomeLayersFit", { fitting: "(\\d+)", layers: "(\\d+)" }).text}$`,
);

/** Without its full stop: it may be the end of a sentence of ours. */
export function spokenReason(reason: string): Spoken {
  const clause = reason.replace(/\.$/, "");
  return OURS.get(clause) ?? someLayers(clause) ?? { text: clause };
}

function someLayers(clause: string): Spoken | null {
  const [, fitting, layers] = SOME_LAYERS.exec(clause) ?? [];
  return fitting === undefined || layers === undefined
    ? null
    : say("reasonSomeLayersFit", { fitting, layers });
}

type Steps = NonNullable<DeviceView["backendSteps"]>;

/** Of the whole of it, where it is made of steps down the ladder; else of a reason by itself. */
export function backendSaid(reason: string | null, steps: Steps): Said | undefined {
  if (reason === null) return undefined;
  const skipped = describeSkipped(steps);
  if (skipped === null || !reason.startsWith(skipped)) return spokenReason(reason).said;
  const first = stepsSaid(steps);
  if (reason === skipped || first === undefined) return first;
  // What follows the steps is of the one that was taken (llama-layers.ts).
  const rest = reason.slice(skipped.length);
  const { said } = spokenReason(rest.replace(/^; /, ""));
  return rest.startsWith("; ") && said !== undefined ? say("both", { first, rest: said }).said : undefined;
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
