/** A child's environment: the parent's, plus what the spec adds, minus what it removes. */
export function mergeEnvironment(
  base: Readonly<Record<string, string | undefined>>,
  changes: Readonly<Record<string, string | null | undefined>> = {},
): Record<string, string> {
  const merged: Record<string, string> = {};
  for (const [name, value] of Object.entries({ ...base, ...changes })) {
    if (value !== undefined && value !== null) merged[name] = value;
  }
  return merged;
}
