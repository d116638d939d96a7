export const controls = {
  less: "Weniger",
  more: "Mehr",
  close: "Schließen",
  cancel: "Abbrechen",
  typed: {
    notNumber: "Keine Zahl: zum Beispiel 1234,5",
    otherMark: "Nachkommastellen stehen hier hinter einem Komma, Tausender ohne Zeichen: 1234,5",
    twoWays: "„{{typed}}“ lässt sich auf zwei Arten lesen: Schreiben Sie {{thousands}} oder {{decimal}}",
    whole: "Nur ganze Zahlen",
    decimals: "Höchstens {{digits}} Stellen nach dem Komma",
    least: "Erlaubt: {{min}} oder mehr",
    most: "Erlaubt: {{max}} oder weniger",
    range: "Erlaubt: {{min}} bis {{max}}",
    notKept: "„{{typed}}“ wurde nicht übernommen. {{why}}",
  },
} as const;
