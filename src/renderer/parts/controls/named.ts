/** What every control is called: by its own label, or by an element that already says it. */

interface Labelled {
  /** Its accessible name. */
  readonly label: string;
  readonly labelledBy?: undefined;
}

interface LabelledBy {
  readonly label?: undefined;
  /** Id of the element that names it. */
  readonly labelledBy: string;
}

export type Named = (Labelled | LabelledBy) & {
  /** Id of the element that explains it. */
  readonly describedBy?: string | undefined;
};

/** As the attributes a control's element takes. */
export function ariaName({ label, labelledBy, describedBy }: Named) {
  return { "aria-label": label, "aria-labelledby": labelledBy, "aria-describedby": describedBy };
}
