export const controls = {
  less: "Less",
  more: "More",
  close: "Close",
  cancel: "Cancel",
  typed: {
    notNumber: "Not a number: write it like 1234.5",
    otherMark: "Decimals are written with a point here, thousands without a mark: 1234.5",
    twoWays: "“{{typed}}” can be read in two ways: write {{thousands}} or {{decimal}}",
  },
} as const;
