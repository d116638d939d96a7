/** nvmlReturn_t (nvml.h) in words, and what each means for a reading. */

export const NVML_SUCCESS = 0;
export const NVML_INSUFFICIENT_SIZE = 7;
export const NVML_FUNCTION_NOT_FOUND = 13;

const WORDS: Readonly<Record<number, string>> = {
  1: "not initialised",
  2: "invalid argument",
  3: "not supported",
  4: "no permission",
  6: "not found",
  7: "insufficient size",
  8: "power cables not attached",
  9: "driver not loaded",
  10: "time-out",
  11: "interrupt trouble",
  12: "library not found",
  13: "not known to this driver",
  14: "damaged info ROM",
  15: "the GPU has fallen off the bus",
  16: "the GPU requires a reset",
  17: "refused by the operating system",
  18: "driver and library have different versions",
  19: "in use",
  20: "out of memory",
  21: "no data",
  23: "insufficient resources",
  25: "other structure version",
  26: "deprecated",
  27: "not ready",
  28: "no such GPU",
  29: "invalid state",
  999: "unknown error",
};

/** Such as "no permission"; a code this table does not know keeps its number. */
export function nvmlWords(code: number): string {
  return WORDS[code] ?? `NVML error ${code}`;
}

/** What a failed call says of the GPU itself. */
export function healthOf(code: number): "reset" | "lost" | null {
  if (code === 15) return "lost";
  return code === 16 ? "reset" : null;
}

/** After these every further call fails as well: the library has to be loaded anew, in a new process. */
export function needsNewProcess(code: number): boolean {
  return code === 1 || code === 9 || code === 12 || code === 18;
}
