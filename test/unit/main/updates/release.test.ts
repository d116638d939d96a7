import { beforeEach, describe, expect, it } from "vitest";
import { compareVersions, type Installed, judge } from "../../../../src/main/updates/release.ts";
import { isSigned, sha256OfFile } from "../../../../src/main/updates/signature.ts";
import { PLATFORM, publishRelease, readFeed, releaseKey, tamper } from "../../../support/release-feed.ts";
import { tempFolder } from "../../../support/temp-folder.ts";

const key = releaseKey();
const installed: Installed = {
  version: "1.0.0",
  platform: PLATFORM,
  channel: "latest",
  keys: [releaseKey().publicKey, key.publicKey],
};

let folder: string;
beforeEach(() => {
  folder = tempFolder();
});

const codeOf = (feed: unknown, what: Installed = installed) => {
  const judgement = judge(feed, what);
  return judgement.verdict === "refused" ? judgement.error.code : judgement.verdict;
};

describe("judge", () => {
  it("accepts what the release tool signed, and reads what changed", async () => {
    const release = publishRelease(folder, { version: "1.1.0", key, notes: "Faster.\nQuieter." });
    const judgement = judge(readFeed(release.feed), installed);
    expect(judgement).toMatchObject({
      verdict: "acceptable",
      release: {
        offer: {
          version: "1.1.0",
          channel: "latest",
          notes: "Faster.\nQuieter.",
          releasedAt: Date.UTC(2026, 10, 20, 10),
          bytes: "package 1.1.0".length,
        },
      },
    });
    if (judgement.verdict !== "acceptable") throw new Error("refused");
    expect([...judgement.release.files.values()]).toEqual([await sha256OfFile(release.package)]);
  });

  it("has nothing to do with the version that runs", () => {
    expect(codeOf(readFeed(publishRelease(folder, { version: "1.0.0", key }).feed))).toBe("none");
  });

  it.each<[string, string, (feed: Record<string, unknown>) => void]>([
    ["an older version", "UPDATE_DOWNGRADE", (feed) => Object.assign(feed, { version: "0.9.9" })],
    ["no signature at all", "UPDATE_UNSIGNED", (feed) => Reflect.deleteProperty(feed, "bellows")],
    [
      "another version under the old signature",
      "UPDATE_BAD_SIGNATURE",
      (feed) => Object.assign(feed, { version: "1.2.0" }),
    ],
    [
      "another file under the old signature",
      "UPDATE_BAD_SIGNATURE",
      (feed) => setFile(feed, { sha256: "0".repeat(64) }),
    ],
    ["a signature cut short", "UPDATE_BAD_SIGNATURE", (feed) => setFile(feed, { signature: "AAAA" })],
    ["another channel's name", "UPDATE_WRONG_CHANNEL", (feed) => setBellows(feed, { channel: "beta" })],
    [
      "another platform's name",
      "UPDATE_WRONG_PLATFORM",
      (feed) => setBellows(feed, { platform: "win32-x64" }),
    ],
    ["a version that is none", "UPDATE_MALFORMED", (feed) => Object.assign(feed, { version: "newest" })],
    [
      "a file name that leaves its folder",
      "UPDATE_MALFORMED",
      (feed) => setBellows(feed, { files: { "../x": {} } }),
    ],
  ])("refuses %s", (_what, code, change) => {
    const { feed } = publishRelease(folder, { version: "1.1.0", key });
    tamper(feed, change);
    expect(codeOf(readFeed(feed))).toBe(code);
  });

  it("refuses a whole, signed release of another channel, platform or key", () => {
    const of = (more: object) => readFeed(publishRelease(folder, { version: "1.1.0", key, ...more }).feed);
    expect(codeOf(of({ channel: "beta" }))).toBe("UPDATE_WRONG_CHANNEL");
    expect(codeOf(of({ platform: "linux-riscv" }))).toBe("UPDATE_WRONG_PLATFORM");
    expect(codeOf(of({ key: releaseKey() }))).toBe("UPDATE_BAD_SIGNATURE");
    expect(codeOf(of({}), { ...installed, keys: [] })).toBe("UPDATE_BAD_SIGNATURE");
    expect(codeOf(of({ channel: "beta" }), { ...installed, channel: "beta" })).toBe("acceptable");
  });

  it.each([null, undefined, 7, "x", [], {}, { version: 3 }])("understands that %j is no feed", (feed) => {
    expect(codeOf(feed)).toBe("UPDATE_MALFORMED");
  });
});

describe("isSigned", () => {
  it("takes no field that could run into the next, and no key that is none", () => {
    const release = {
      sha256: "a".repeat(64),
      version: "1.1.0\nlinux",
      platform: PLATFORM,
      channel: "latest",
    };
    expect(isSigned(release, Buffer.alloc(64).toString("base64"), [key.publicKey])).toBe(false);
    expect(isSigned({ ...release, version: "1" }, Buffer.alloc(64).toString("base64"), ["?", "AAAA"])).toBe(
      false,
    );
  });
});

it("orders versions as semver does", () => {
  const rising = ["0.9.0", "1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta", "1.0.0-beta.2"];
  rising.push("1.0.0-beta.11", "1.0.0-rc.1", "1.0.0", "1.0.1", "1.10.0", "2.0.0");
  for (const [index, version] of rising.entries()) {
    for (const [other, against] of rising.entries()) {
      expect(Math.sign(compareVersions(version, against) ?? Number.NaN), `${version} ${against}`).toBe(
        Math.sign(index - other),
      );
    }
  }
  expect(compareVersions("1.0", "1.0.0")).toBeNull();
});

function setBellows(feed: Record<string, unknown>, change: object): void {
  Object.assign(feed.bellows as object, change);
}

function setFile(feed: Record<string, unknown>, change: object): void {
  const { files } = feed.bellows as { files: Record<string, object> };
  for (const file of Object.values(files)) Object.assign(file, change);
}
