import { describe, expect, it } from "vitest";
import { hasTrayHost } from "../../../src/main/tray-host.ts";

const ask = (answers: Record<string, string>, override?: string) => {
  const asked: string[] = [];
  const run = (file: string) => {
    asked.push(file);
    const answer = answers[file];
    return answer === undefined ? Promise.reject(new Error("ENOENT")) : Promise.resolve(answer);
  };
  return hasTrayHost({ platform: "linux", override, run }).then((present) => ({ present, asked }));
};

describe("hasTrayHost", () => {
  it("is certain on Windows and macOS, and asks nobody", async () => {
    const run = () => Promise.reject(new Error("must not be asked"));
    expect(await hasTrayHost({ platform: "win32", override: undefined, run })).toBe(true);
    expect(await hasTrayHost({ platform: "darwin", override: undefined, run })).toBe(true);
  });

  it("believes the first tool that answers", async () => {
    expect(await ask({ busctl: "b true\n" })).toEqual({ present: true, asked: ["busctl"] });
    expect(await ask({ busctl: "b false\n", gdbus: "(true,)" })).toEqual({
      present: false,
      asked: ["busctl"],
    });
    expect((await ask({ gdbus: "(true,)\n" })).present).toBe(true);
    expect((await ask({ gdbus: "(false,)\n" })).present).toBe(false);
    expect((await ask({ "dbus-send": "   boolean true\n" })).present).toBe(true);
  });

  it("counts on no tray where nobody can tell", async () => {
    expect(await ask({})).toEqual({ present: false, asked: ["busctl", "gdbus", "dbus-send"] });
  });

  it("lets a person overrule it", async () => {
    expect(await ask({}, "yes")).toEqual({ present: true, asked: [] });
    expect(await ask({ busctl: "b true" }, "no")).toEqual({ present: false, asked: [] });
  });
});
