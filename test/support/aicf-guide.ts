/**
 * Blocks of AICF's provider guide as it prints them, recorded word for word in test/fixtures/aicf/guide-*: what its
 * readers paste. A test says what it puts in the place of what, and nothing else is changed.
 */
import { readFileSync } from "node:fs";

export type GuideBlock =
  | "provider.env"
  | "docker-compose.yml"
  | "aicf-gpu-worker.service"
  | "smoke-test.sh"
  | "scrape.yml";

/** Throws for a substitution that finds nothing: then the test is not about the guide any more. */
export function guideBlock(
  name: GuideBlock,
  substitutions: readonly [string | RegExp, string][] = [],
): string {
  const text = readFileSync(new URL(`../fixtures/aicf/guide-${name}`, import.meta.url), "utf8");
  return substitutions.reduce((changed, [what, by]) => {
    const next = changed.replaceAll(what, () => by);
    if (next === changed) throw new Error(`The guide's ${name} has no ${what}`);
    return next;
  }, text);
}

/** Its commands, block by block as they are pasted, with ours in the place of the guide's Python modules. */
export function guideCommands(substitutions: readonly [string | RegExp, string][] = []): string[] {
  return guideBlock("smoke-test.sh", substitutions)
    .replaceAll(
      /python -m aicf\.cli\.(\w+)/g,
      (_, name: string) => `bellows aicf ${name.replaceAll("_", "-")}`,
    )
    .trim()
    .split("\n\n");
}
