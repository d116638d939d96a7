export const controls = {
  less: "Less",
  more: "More",
  close: "Close",
  cancel: "Cancel",
  typed: {
    notNumber: "Not a number: write it like 1234.5",
    otherMark: "Decimals are written with a point here, thousands without a mark: 1234.5",
    twoWays: "“{{typed}}” can be read in two ways: write {{thousands}} or {{decimal}}",
    whole: "A whole number is wanted",
    decimals: "At most {{digits}} digits after the point",
    least: "Allowed: {{min}} or more",
    most: "Allowed: {{max}} or less",
    range: "Allowed: {{min}} to {{max}}",
    notKept: "“{{typed}}” was not kept. {{why}}",
  },
} as const;
