import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import fc from "fast-check";
import { beforeEach, describe, expect, it } from "vitest";
import { fileOf, isAppPage, serveFolder } from "../../../src/main/app-protocol.ts";
import { tempFolder } from "../../support/temp-folder.ts";

describe("app://bellows", () => {
  let root: string;
  let folder: string;
  beforeEach(() => {
    root = tempFolder();
    folder = path.join(root, "renderer");
    mkdirSync(path.join(folder, "assets"), { recursive: true });
    mkdirSync(path.join(root, "renderer-secret"));
    writeFileSync(path.join(folder, "index.html"), "<p>page</p>");
    writeFileSync(path.join(folder, "assets", "a.js"), "1");
    writeFileSync(path.join(folder, "notes.exe"), "no kind of file we serve");
    writeFileSync(path.join(root, "secret.html"), "secret");
    writeFileSync(path.join(root, "renderer-secret", "x.html"), "secret");
  });

  const get = (url: string, method = "GET") => serveFolder(folder)({ url, method });

  it("serves the page and its files, each with a policy that knows no network", async () => {
    const page = await get("app://bellows/");
    expect([page.status, await page.text()]).toEqual([200, "<p>page</p>"]);
    expect(page.headers.get("content-type")).toContain("text/html");
    const policy = page.headers.get("content-security-policy") ?? "";
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("connect-src 'none'");
    expect(policy).not.toMatch(/unsafe|https?:|\*/);
    expect((await get("app://bellows/assets/a.js?v=1")).status).toBe(200);
  });

  it.each([
    "app://bellows/../secret.html",
    "app://bellows/%2e%2e/secret.html",
    "app://bellows/%2e%2e%2fsecret.html",
    "app://bellows/..%5csecret.html",
    "app://bellows/assets/..%2f..%2fsecret.html",
    "app://bellows/../renderer-secret/x.html",
    "app://bellows/%2e%2e%2frenderer-secret%2fx.html",
    "app://bellows/index.html%00.js",
    "app://elsewhere/index.html",
    "file:///etc/passwd",
    "app://bellows/notes.exe",
    "app://bellows/absent.html",
    "app://bellows/assets",
    "app://bellows/%",
    "not an address",
  ])("gives nothing for %s", async (url) => {
    const answer = await get(url);
    expect([answer.status, await answer.text()]).toEqual([404, ""]);
  });

  it("answers nothing but GET", async () => {
    expect((await get("app://bellows/", "POST")).status).toBe(404);
  });

  it("leads out of its folder by no path at all", () => {
    const piece = fc.constantFrom(
      "..",
      ".",
      "%2e%2e",
      "%2f",
      "%5c",
      "\\",
      "/",
      "//",
      "a",
      "index.html",
      "%00",
      "?",
      "#",
      "~",
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const file = fileOf(folder, `app://bellows/${pieces.join("/")}`);
        if (file !== null) expect(file.startsWith(`${folder}${path.sep}`)).toBe(true);
      }),
      { numRuns: 1_000 },
    );
  });
});

describe("isAppPage", () => {
  it("knows our page from every look-alike", () => {
    expect(isAppPage("app://bellows/index.html#/jobs")).toBe(true);
    for (const other of [
      undefined,
      "",
      "about:blank",
      "https://bellows/",
      "app://bellows.example/",
      "app://evil/?app://bellows",
      "data:text/html,app://bellows",
    ]) {
      expect(isAppPage(other), String(other)).toBe(false);
    }
  });
});
