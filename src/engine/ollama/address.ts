/** Where an Ollama may listen that we speak to: on this machine and nowhere else, so that no job leaves it. */
export const OLLAMA_DEFAULT = "http://127.0.0.1:11434";
const DEFAULT_PORT = "11434";

/** Every one of them is this machine, for whoever connects. `0.0.0.0` and `::` are what OLLAMA_HOST calls "all of them". */
const HERE = new Map([
  ["127.0.0.1", "127.0.0.1"],
  ["localhost", "127.0.0.1"],
  ["0.0.0.0", "127.0.0.1"],
  ["[::1]", "[::1]"],
  ["[::]", "[::1]"],
]);

/**
 * The base address, as `http://127.0.0.1:11434`, of what OLLAMA_HOST or our own setting says: a host, a port, both, or
 * an address. null: it is no address, or not one of this machine.
 */
export function loopbackAddress(text: string): string | null {
  const full = /^[a-z]+:\/\//i.test(text) ? text : `http://${text.startsWith(":") ? "127.0.0.1" : ""}${text}`;
  const url = URL.canParse(full) ? new URL(full) : null;
  const host = url === null ? undefined : HERE.get(url.hostname);
  if (url === null || host === undefined || url.protocol !== "http:") return null;
  if (url.username !== "" || url.password !== "" || url.search !== "" || url.hash !== "") return null;
  if (url.pathname !== "/") return null;
  // The URL leaves http's own port out; Ollama's is meant where none is written.
  const port = url.port || (/:80\/?$/.test(full) ? "80" : DEFAULT_PORT);
  return `http://${host}:${port}`;
}
