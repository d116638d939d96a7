// Three things that make a program of ours smaller in memory than it would be as written.
import http from "node:http";

const HTTP = "\0lean:http";
/** Getters, each of which loads the whole HTTP client behind `fetch`. Nothing of ours asks node:http for these. */
const LOADED_LATE = ["CloseEvent", "MessageEvent", "WebSocket"];

/**
 * `import … from "node:http"` without its price: Node reads every export of a built-in module that is imported, and with
 * three of http's loads 5 MB that stay. Taken as an object it costs what it is used for.
 */
export const httpAsAnObject = {
  name: "bellows:http-as-an-object",
  enforce: "pre",
  resolveId: (id) => (id === "node:http" || id === "http" ? HTTP : null),
  load(id) {
    if (id !== HTTP) return null;
    const names = Object.keys(http).filter((name) => !LOADED_LATE.includes(name));
    return [
      'const http = process.getBuiltinModule("node:http");',
      `export const { ${names.join(", ")} } = http;`,
      "export default http;",
    ].join("\n");
  },
};

/** One character beyond Latin-1, and V8 keeps the whole file with two bytes a character. */
export const inAscii = {
  name: "bellows:in-ascii",
  generateBundle(_options, bundle) {
    for (const chunk of Object.values(bundle)) if (chunk.type === "chunk") chunk.code = escaped(chunk.code);
  },
};

/** The same program: an escape may stand wherever such a character may. */
const escaped = (code) =>
  code.replace(/[\u0080-\uffff]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`);

/** zod writes and compiles a function of its own for each object's schema, which stays; reading without takes microseconds more. */
export const zodUncompiled = {
  name: "bellows:zod-uncompiled",
  transform(code, id) {
    if (!/[\\/]zod[\\/]v4[\\/]core[\\/]core\.js$/.test(id)) return null;
    if (!code.includes("export const globalConfig")) this.error("zod keeps its configuration elsewhere now");
    return { code: `${code}\nglobalConfig.jitless = true;\n`, map: null };
  },
};
