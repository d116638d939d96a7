/** The order of the set-up, and what of it the settings remember: the step to go on with, or `done`. */
export const STEPS = ["intro", "machine", "markets", "key", "ready"] as const;
export type Step = (typeof STEPS)[number];

export const isStep = (value: unknown): value is Step => STEPS.some((step) => step === value);

/** Where it opens. Once done it is opened again for another market. */
export function stepOf(value: unknown): Step {
  if (isStep(value)) return value;
  return value === "done" ? "markets" : "intro";
}

export const nextStep = (step: Step): Step =>
  STEPS[Math.min(STEPS.indexOf(step) + 1, STEPS.length - 1)] as Step;
export const previousStep = (step: Step): Step => STEPS[Math.max(STEPS.indexOf(step) - 1, 0)] as Step;
