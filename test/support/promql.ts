/** As much of PromQL as it takes to see what a query asks for: its series, their labels and values, and what it groups by. */
export interface Selector {
  readonly name: string;
  readonly matchers: readonly Matcher[];
}

export interface Matcher {
  readonly label: string;
  /** One of them has to be the label's; null: any pattern. */
  readonly values: readonly string[] | null;
}

export interface Asked {
  readonly selectors: readonly Selector[];
  /** Labels in by, on, without and ignoring. */
  readonly groups: readonly string[];
}

const GROUPING = /\b(?:by|on|without|ignoring|group_left|group_right)\s*\(([^)]*)\)/g;
const NAME = /(?<![\w.:$"])([a-zA-Z_:][\w:]*)(?!\w)\s*(?:\{([^}]*)\}|(\())?/g;
const MATCHER = /(\w+)\s*(=~|!~|!=|=)\s*"((?:[^"\\]|\\.)*)"/g;
const WORDS = new Set([
  "and",
  "or",
  "unless",
  "by",
  "on",
  "without",
  "ignoring",
  "offset",
  "bool",
  "inf",
  "nan",
]);

export function askedBy(query: string): Asked {
  const groups = [...query.matchAll(GROUPING)].flatMap(([, list = ""]) => list.split(","));
  const plain = query.replaceAll(GROUPING, " ").replaceAll(/\[[^\]]*\]/g, " ");
  const selectors = [...plain.matchAll(NAME)].flatMap(([, name = "", labels = "", call]): Selector[] => {
    if (call !== undefined || WORDS.has(name.toLowerCase())) return [];
    const matchers = [...labels.matchAll(MATCHER)].map(([, label = "", operator = "", value = ""]) => ({
      label,
      values: valuesIn(operator, value),
    }));
    return [{ name, matchers }];
  });
  return { selectors, groups: groups.map((label) => label.trim()).filter((label) => label !== "") };
}

function valuesIn(operator: string, value: string): readonly string[] | null {
  if (operator === "=" || operator === "!=") return /\$/.test(value) ? null : [value];
  return /^[\w|-]+$/.test(value) ? value.split("|") : null;
}
