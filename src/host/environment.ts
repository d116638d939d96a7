/** A child's environment: the parent's, plus what the spec adds, minus what it removes. Windows' names have no case. */
export function mergeEnvironment(
  base: Readonly<Record<string, string | undefined>>,
  changes: Readonly<Record<string, string | null | undefined>> = {},
  platform: NodeJS.Platform = process.platform,
): Record<string, string> {
  const same = (name: string) => (platform === "win32" ? name.toUpperCase() : name);
  const changed = new Set(Object.keys(changes).map(same));
  const kept = Object.entries(base).filter(([name]) => !changed.has(same(name)));
  const merged: Record<string, string> = {};
  for (const [name, value] of [...kept, ...Object.entries(changes)]) {
    if (value !== undefined && value !== null) merged[name] = value;
  }
  return merged;
}
