/** The home folder in a report: its name is gone, however it was written. */
import { describe, expect, it } from "vitest";
import { withoutHome } from "../../../src/shared/home-folder.ts";

describe("on Windows", () => {
  const home = "C:\\Users\\Ann Lee";
  const file = `${home}\\AppData\\bellows.toml`;

  it.each([
    ["as it is", file],
    ["in JSON", JSON.stringify({ file })],
    ["in JSON within JSON", JSON.stringify(JSON.stringify({ file }))],
    ["with slashes", file.replaceAll("\\", "/")],
    ["as an address", "file:///C:/Users/Ann%20Lee/AppData/bellows.toml"],
    ["in another case", file.toUpperCase()],
    ["in small letters", JSON.stringify(file.toLowerCase())],
    ["at the end", `in ${home}`],
    ["in quotation marks", JSON.stringify([home, home])],
  ])("%s", (_how, text) => {
    const clean = withoutHome(text, home);
    expect(clean).not.toMatch(/ann|users/i);
    expect(clean).toContain("~");
  });

  it("keeps a line of JSON one", () =>
    expect(JSON.parse(withoutHome(JSON.stringify({ file }), home))).toEqual({
      file: "~\\AppData\\bellows.toml",
    }));
});

describe("elsewhere", () => {
  it.each([
    ["/home/ann/x and /home/ann", "/home/ann", "~/x and ~"],
    ["/home/anna/x", "/home/ann", "/home/anna/x"],
    ["/Home/Ann", "/home/ann", "/Home/Ann"],
    ["/home/a+b(c)/x", "/home/a+b(c)", "~/x"],
    ["/home/john-doe/x", "/home/john-doe", "~/x"],
    ["file:///home/j-%C3%B6/x", "/home/j-ö", "file:~/x"],
    ["/home/!\"#%&',-:;<=>@[]^_`{|}~$.*?\\", "/home/!\"#%&',-:;<=>@[]^_`{|}~$.*?\\", "~"],
    ["/data/x", "/", "/data/x"],
    ["/data/x", "", "/data/x"],
  ])("%s of %s", (text, home, clean) => expect(withoutHome(text, home)).toBe(clean));
});
