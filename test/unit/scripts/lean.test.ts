import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { httpAsAnObject, inAscii, zodUncompiled } from "../../../scripts/build/lean.mjs";

describe("a program of ours", () => {
  test("takes node:http as an object, with all it offers but what loads the client behind fetch", async () => {
    expect(httpAsAnObject.resolveId("node:path")).toBeNull();
    const id = httpAsAnObject.resolveId("node:http") ?? "";
    const code = httpAsAnObject.load(id) ?? "";
    const module = await import(`data:text/javascript,${encodeURIComponent(code)}`);
    const { createServer, request, Agent } = await import("node:http");
    expect(module).toMatchObject({ createServer, request, Agent });
    expect(Object.keys(module)).not.toContain("WebSocket");
  });

  test("is in ASCII, and means the same", () => {
    const said = { type: "chunk", code: 'export default ["–", /[ä-ü]/u.test("ö"), `„😀“`];' };
    const picture = { type: "asset", source: "ä" };
    inAscii.generateBundle({}, { "a.js": said, "b.png": picture });
    expect(said.code).toMatch(/^[\x20-\x7e]+$/);
    expect(picture.source).toBe("ä");
    return expect(import(`data:text/javascript,${said.code}`)).resolves.toMatchObject({
      default: ["–", true, "„😀“"],
    });
  });

  test("reads with zod as zod is, without a function compiled for each schema", async () => {
    const file = path.join(path.dirname(createRequire(import.meta.url).resolve("zod")), "v4/core/core.js");
    const changed = zodUncompiled.transform(readFileSync(file, "utf8"), file)?.code ?? "";
    expect(changed).toMatch(/globalConfig\.jitless = true;\n$/);
    expect(zodUncompiled.transform("", "/elsewhere/core.js")).toBeNull();
    const { globalConfig } = await import("zod/v4/core");
    expect(globalConfig).toBeTypeOf("object"); // What the added line changes is there under this name.
  });
});
