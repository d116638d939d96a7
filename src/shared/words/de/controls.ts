export const controls = {
  less: "Weniger",
  more: "Mehr",
  close: "Schließen",
  cancel: "Abbrechen",
  typed: {
    notNumber: "Keine Zahl: zum Beispiel 1234,5",
    otherMark: "Nachkommastellen stehen hier hinter einem Komma, Tausender ohne Zeichen: 1234,5",
    twoWays: "„{{typed}}“ lässt sich auf zwei Arten lesen: Schreiben Sie {{thousands}} oder {{decimal}}",
  },
} as const;
