import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import {
  accountIn,
  doubtOfConfig,
  doubtsOfPlaces,
  findUnreachable,
  isOpen,
} from "../../../../src/cli/service/reach.ts";
import { tempFolder } from "../../../support/temp-folder.ts";

const PASSWD = "root:x:0:0::/root:/bin/bash\nbellows:x:997:996::/var/lib/bellows:/usr/sbin/nologin\n";
const GROUP = "root:x:0:\nvideo:x:44:ada\nrender:x:105:ada,bellows\nbellows:x:996:\nada:x:1000:\n";

it("knows the service's user with the groups its unit gives it", () => {
  expect(accountIn(PASSWD, GROUP)).toEqual({ uid: 997, gids: new Set([996, 44, 105]) });
  expect(accountIn("root:x:0:0::/root:/bin/bash\n", GROUP)).toBe(null);
});

describe("a file is open to it", () => {
  const account = { uid: 997, gids: new Set([996]) };
  it.each([
    ["to everybody", { mode: 0o644, uid: 0, gid: 0 }, true],
    ["to its group", { mode: 0o640, uid: 0, gid: 996 }, true],
    ["to itself", { mode: 0o600, uid: 997, gid: 0 }, true],
    ["to root alone", { mode: 0o600, uid: 0, gid: 996 }, false],
    ["to another group", { mode: 0o640, uid: 0, gid: 0 }, false],
    ["to all but its group", { mode: 0o604, uid: 0, gid: 996 }, false],
  ])("%s", (_, stat, open) => expect(isOpen(stat, account, 0o4)).toBe(open));

  it("only as to a stranger while there is no such user yet", () => {
    expect(isOpen({ mode: 0o640, uid: 0, gid: 996 }, null, 0o4)).toBe(false);
    expect(isOpen({ mode: 0o644, uid: 0, gid: 996 }, null, 0o4)).toBe(true);
  });
});

it("doubts what lies where the unit sees nothing, or folders of its own", () => {
  const place = (path: string) => ({ what: "The data folder", path, instead: "Leave it." });
  const doubts = (...paths: string[]) => doubtsOfPlaces(paths.map(place));
  expect(doubts("/opt/bellows", "/var/tmpfiles", "/srv/tmp/x", "/homes/ada")).toEqual([]);
  expect(doubts("/tmp/x", "/var/tmp/x", "/home/ada", "/root")).toEqual([
    "The data folder /tmp/x would not be there for the service: the service has a /tmp and a /var/tmp of its own, both empty. Leave it.",
    expect.stringContaining("/var/tmp/x"),
    "The data folder /home/ada would not be there for the service: the service sees nothing below /home and /root. Leave it.",
    expect.stringContaining("/root"),
  ]);
});

describe("a closed file", () => {
  const closed = () => {
    const folder = join(tempFolder(), "bellows");
    mkdirSync(folder);
    chmodSync(folder, 0o755);
    const file = join(folder, "worker.toml");
    writeFileSync(file, "", { mode: 0o600 });
    return file;
  };

  it("is a doubt where it is the configuration, and a refusal where it is the installation", () => {
    const file = closed();
    const nobody = { uid: 4_000_000, gids: new Set<number>() };
    expect(doubtOfConfig(file, nobody)).toContain(
      `Before the start: chgrp bellows ${file} && chmod 640 ${file}`,
    );
    expect(findUnreachable([file], nobody)).toMatchObject({ code: "SERVICE_UNREACHABLE" });
  });

  it("is refused where no mode helps: in a home, or not there", () => {
    expect(() => doubtOfConfig("/home/ada/worker.toml", null)).toThrow(/sees nothing below \/home/);
    expect(() => doubtOfConfig("/nowhere.toml", null)).toThrow(/\/nowhere\.toml is not there/);
  });
});
