/** What the file system throws, by its code. */

export function ioCode(thrown: unknown): string | null {
  return thrown instanceof Error && "code" in thrown && typeof thrown.code === "string" ? thrown.code : null;
}

export const isMissing = (thrown: unknown): boolean => ioCode(thrown) === "ENOENT";
