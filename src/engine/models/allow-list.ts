/** Which models may run: MODEL_ALLOWLIST draws the outer line, the person may keep models back inside it. */
import type { CatalogueModel } from "../../shared/catalogue.ts";
import { AppError } from "../../shared/errors.ts";
import type { ModelNotes } from "./notes.ts";

export class AllowList {
  readonly #names: ReadonlySet<string> | null;
  readonly #notes: ModelNotes;

  /** `names`: ids or aliases; null: every model. */
  constructor(names: readonly string[] | null, notes: ModelNotes) {
    this.#names = names === null ? null : new Set(names);
    this.#notes = notes;
  }

  allows(model: CatalogueModel): boolean {
    return this.heldBackBy(model) === null;
  }

  /** Who keeps it from running: the list, which only the environment changes, or the person; null: nobody. */
  heldBackBy(model: CatalogueModel): "list" | "person" | null {
    if (!this.#isListed(model)) return "list";
    return this.#notes.of(model.id).allowed ? null : "person";
  }

  /** Throws MODEL_NOT_ALLOWED for a model that MODEL_ALLOWLIST leaves out: the environment has the last word. */
  set(model: CatalogueModel, allowed: boolean): void {
    if (allowed && !this.#isListed(model)) throw notAllowed(model.id);
    this.#notes.set(model.id, { allowed });
  }

  /** Names on the list that no model has. */
  unknown(models: readonly CatalogueModel[]): string[] {
    const known = new Set(models.flatMap(({ id, aliases }) => [id, ...aliases]));
    return [...(this.#names ?? [])].filter((name) => !known.has(name));
  }

  #isListed({ id, aliases }: CatalogueModel): boolean {
    const names = this.#names;
    return names === null || [id, ...aliases].some((name) => names.has(name));
  }
}

export function notAllowed(id: string): AppError {
  return new AppError({
    code: "MODEL_NOT_ALLOWED",
    message: `The model ${id} may not run on this machine`,
    actor: "user",
    help: "Add it to MODEL_ALLOWLIST, or allow it again with `bellows models allow`.",
  });
}
