export const engineMarket = {
  limitNoQueue:
    "Keine Warteschlange ist eingestellt (AICF_QUEUE_URL): es wird keine Arbeit angenommen, die Bücher des Knotens werden gezeigt.",
  limitNoNode:
    "Kein Knoten ist eingestellt (RPC_URL): Auszahlungen werden nicht abgeholt, und das Guthaben ist nicht bekannt.",
  limitNodeSilent: "Der Knoten antwortet nicht: Auszahlungen werden abgeholt, sobald er es tut.",
  limitNodeLacking:
    "Der Knoten hat kein AICF-Modul: Auszahlungen zählen, sobald sie gutgeschrieben sind, und werden nicht abgeholt.",
  limitNoEvents: "Der Ereignisstrom des Marktes ist nicht verbunden: Neues kommt mit der nächsten Abfrage.",
  limitBooksUnread: "Was gezahlt wurde, ist nicht lesbar: {{why}}",
};
