export const controls = {
  less: "Less",
  more: "More",
  close: "Close",
  cancel: "Cancel",
} as const;
