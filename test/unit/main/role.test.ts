import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { ENGINE_V8_OPTIONS } from "../../../src/host/engine-node.ts";
import { COMMAND_ARGUMENT, PART_ARGUMENT, WITHOUT_CHROMIUM } from "../../../src/host/own-program.ts";
import { roleOf } from "../../../src/main/role.ts";

const ENGINE = "/opt/Bellows/resources/app.asar/dist/node/engine.js";
const role = (...args: string[]) => roleOf(["/opt/Bellows/bellows", ...args], [ENGINE]);

describe("what a start of the program is to be", () => {
  it("is the app, with links and with what Chromium is told", () => {
    for (const args of [
      [],
      ["--hidden"],
      ["--no-sandbox", "--hidden"],
      ["--no-sandbox", "bellows://jobs"],
      ["bellows://jobs"],
      ["/checkout", "--hidden"],
      ["."],
      ["--remote-debugging-port=0"],
    ]) {
      expect(role(...args), args.join(" ")).toEqual({ kind: "app" });
    }
  });

  it("is the command line behind its own argument, whatever is typed there", () => {
    const command = (...args: string[]) => role(...WITHOUT_CHROMIUM, COMMAND_ARGUMENT, "--", ...args);
    expect(command("status", "--json")).toEqual({ kind: "command", args: ["status", "--json"] });
    expect(command()).toEqual({ kind: "command", args: [] });
    expect(command("verify", "--", "-")).toEqual({ kind: "command", args: ["verify", "--", "-"] });
    expect(command(PART_ARGUMENT, ENGINE)).toEqual({ kind: "command", args: [PART_ARGUMENT, ENGINE] });
    expect(role(COMMAND_ARGUMENT, "status")).toEqual({ kind: "command", args: ["status"] });
  });

  it("is the command line for a word, which is what an AppImage can be given", () => {
    expect(role("status", "--json")).toEqual({ kind: "command", args: ["status", "--json"] });
    expect(role("gpu-pack", "--help")).toEqual({ kind: "command", args: ["gpu-pack", "--help"] });
    expect(role("--no-sandbox", "status")).toEqual({ kind: "command", args: ["status"] });
    expect(role("--version")).toEqual({ kind: "command", args: ["--version"] });
  });

  it("is one of its own parts, and no other file", () => {
    const part = (...args: string[]) => role(...WITHOUT_CHROMIUM, PART_ARGUMENT, ...args);
    expect(part(ENGINE, "one")).toEqual({ kind: "part", entry: ENGINE, args: ["one"] });
    expect(part("/tmp/evil.js")).toEqual({ kind: "none" });
    expect(part()).toEqual({ kind: "none" });
  });
});

it("the installed scripts start the command line as the program itself does", () => {
  const words = [...WITHOUT_CHROMIUM, `--js-flags=${ENGINE_V8_OPTIONS.join(" ")}`, COMMAND_ARGUMENT, "--"];
  const script = (name: string) =>
    readFileSync(new URL(`../../../resources/bin/${name}`, import.meta.url), "utf8");
  expect(script("bellows")).toContain(`exec "$app" ${words.join(" ")} "$@"\n`);
  // Windows has no zygote.
  const windows = words.filter((word) => word !== "--no-zygote").join(" ");
  expect(script("bellows.cmd")).toContain(`\\Bellows.exe" ${windows} %*\r\n`);
});
