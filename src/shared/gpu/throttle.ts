/** Why a GPU's clocks are below their maximum: NVML's bit mask (nvml.h, nvmlClocksEventReason*) in words. */

/** Bits in the order of nvml.h. The first two say that nobody wanted more: they are no throttling. */
const REASONS: readonly (readonly [bit: bigint, words: string])[] = [
  [0x1n, "idle"],
  [0x2n, "clocks set by an application"],
  [0x4n, "power limit"],
  [0x8n, "hardware slowdown"],
  [0x10n, "kept in step with other GPUs"],
  [0x20n, "too hot (software)"],
  [0x40n, "too hot (hardware)"],
  [0x80n, "power brake"],
  [0x100n, "display clock"],
];

/** Empty: the clocks are where they should be. A bit that no known driver sets is shown as such, not swallowed. */
export function throttleWords(mask: bigint): string[] {
  const known = REASONS.filter(([bit]) => (mask & bit) !== 0n).map(([, words]) => words);
  const rest = REASONS.reduce((left, [bit]) => left & ~bit, mask);
  return rest === 0n ? known : [...known, `unknown (0x${rest.toString(16)})`];
}
