/** What the engine says of an Ollama on this machine. */
export const engineOllama = {
  ollamaSearching: "Looking for Ollama",
  ollamaFailed: "{{reason}}",
  ollamaInUse:
    "Ollama is in use: it has a model loaded that is not for jobs. Its models are offered again when that one is unloaded",
  ollamaTooOld: "Ollama {{version}} does not tell its tokens; {{least}} or newer does",
  ollamaDeviceMissing: "There is no device {{device}}, which BELLOWS_OLLAMA_DEVICE names",
  ollamaNoDevice: "No device can run jobs",
  ollamaWhichDevice:
    "There are several GPUs: set BELLOWS_OLLAMA_DEVICE to the one that Ollama uses, and have Ollama use no other",
  ollamaHasNone: "Ollama answers, and has no model of the catalogue",
  ollamaReady_one: "Takes jobs for {{count}} model of the catalogue",
  ollamaReady_other: "Takes jobs for {{count}} models of the catalogue",
} as const;
