export const controls = {
  less: "Weniger",
  more: "Mehr",
  close: "Schließen",
  cancel: "Abbrechen",
} as const;
