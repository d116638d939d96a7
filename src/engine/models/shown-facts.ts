/** Facts about models and their folder that are only shown, never acted on. */
import { statfs } from "node:fs/promises";
import { dirname } from "node:path";
import type { ModelSource } from "../../shared/catalogue.ts";
import type { ModelView } from "../../shared/contract/models.ts";
import { unreachable } from "../../shared/errors.ts";
import { isMissing } from "./download/io-error.ts";

export function sourceName(source: ModelSource): ModelView["sources"][number] {
  switch (source.kind) {
    case "npm":
      return { kind: "npm", name: `${source.package}@${source.version}` };
    case "https":
      return { kind: "https", name: source.base };
    case "ollama":
      return { kind: "ollama", name: source.name };
    default:
      return unreachable(source);
  }
}

/** Of the disk that a folder lies on, or will lie on; null where the system does not tell. */
export async function freeBytesAt(folder: string): Promise<number | null> {
  try {
    const { bavail, bsize } = await statfs(folder);
    return bavail * bsize;
  } catch (thrown) {
    const parent = dirname(folder);
    return isMissing(thrown) && parent !== folder ? freeBytesAt(parent) : null;
  }
}
