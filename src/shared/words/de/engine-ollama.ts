export const engineOllama = {
  ollamaSearching: "Ollama wird gesucht",
  ollamaFailed: "{{reason}}",
  ollamaInUse:
    "Ollama ist in Gebrauch: Es hat ein Modell geladen, das nicht für Aufträge ist. Seine Modelle werden wieder angeboten, wenn es entladen ist",
  ollamaTooOld: "Ollama {{version}} nennt seine Token nicht; {{least}} oder neuer tut es",
  ollamaDeviceMissing: "Es gibt kein Gerät {{device}}, das BELLOWS_OLLAMA_DEVICE nennt",
  ollamaNoDevice: "Kein Gerät kann Aufträge rechnen",
  ollamaWhichDevice:
    "Es gibt mehrere GPUs: BELLOWS_OLLAMA_DEVICE auf die setzen, die Ollama benutzt, und Ollama keine andere benutzen lassen",
  ollamaHasNone: "Ollama antwortet und hat kein Modell des Katalogs",
  ollamaReady_one: "Nimmt Aufträge für {{count}} Modell des Katalogs",
  ollamaReady_other: "Nimmt Aufträge für {{count}} Modelle des Katalogs",
} as const;
