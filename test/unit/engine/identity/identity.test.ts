import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { IDENTITY_FILE, type Identity, openIdentity } from "../../../../src/engine/identity/identity.ts";
import { verifySignature } from "../../../../src/engine/identity/ml-dsa.ts";
import { tempFolder } from "../../../support/temp-folder.ts";

const PASSPHRASE = "correct horse battery staple";
const message = new TextEncoder().encode("hello");
const posix = process.platform !== "win32";

function folderAndFile() {
  const folder = join(tempFolder(), "data", "identity");
  return { folder, file: join(folder, IDENTITY_FILE) };
}

function expectSame(a: Identity, b: Identity) {
  expect({ id: b.providerId, address: b.address }).toEqual({ id: a.providerId, address: a.address });
  expect(verifySignature(a.publicKey, message, b.sign(message))).toBe(true);
}

describe("in demo mode", () => {
  test("the first start makes a key, the next ones find it", async () => {
    const { folder, file } = folderAndFile();
    const first = await openIdentity({ folder, mode: "demo" });
    expect(first).toMatchObject({ created: true, protection: "none-demo", algorithm: "ml-dsa-65" });
    expect(first.address).toMatch(/^anim1/);
    const second = await openIdentity({ folder, mode: "demo" });
    expect(second.created).toBe(false);
    expectSame(first, second);
    expect(JSON.parse(readFileSync(file, "utf8"))).toMatchObject({
      v: 1,
      protection: "none-demo",
      provider_id: first.providerId,
    });
    expect(readdirSync(folder)).toEqual([IDENTITY_FILE]);
  });

  test.runIf(posix)("file and folder are the owner's only", async () => {
    const { folder, file } = folderAndFile();
    await openIdentity({ folder, mode: "demo" });
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(statSync(folder).mode & 0o777).toBe(0o700);
  });

  test("two starts at once end with one key", async () => {
    const { folder } = folderAndFile();
    const [first, ...others] = await Promise.all(
      Array.from({ length: 6 }, () => openIdentity({ folder, mode: "demo" })),
    );
    if (!first) throw new Error("no identity");
    for (const other of others) expectSame(first, other);
    expect([first, ...others].filter(({ created }) => created)).toHaveLength(1);
    expect(readdirSync(folder)).toEqual([IDENTITY_FILE]);
  });
});

describe("in live mode", () => {
  test("without a passphrase no key is made", async () => {
    const { folder } = folderAndFile();
    await expect(openIdentity({ folder, mode: "live" })).rejects.toMatchObject({
      code: "PASSPHRASE_NEEDED",
      actor: "user",
    });
    await expect(openIdentity({ folder, mode: "live", passphrase: "" })).rejects.toMatchObject({
      code: "PASSPHRASE_NEEDED",
    });
    await expect(openIdentity({ folder, mode: "live", passphrase: "short" })).rejects.toMatchObject({
      code: "PASSPHRASE_WEAK",
    });
    expect(existsSync(folder)).toBe(false);
  });

  test("a key under a passphrase opens with it, in any Unicode spelling, and with no other", async () => {
    const { folder, file } = folderAndFile();
    const passphrase = "vier Wörter für Gleis é";
    const first = await openIdentity({ folder, mode: "live", passphrase });
    expect(first).toMatchObject({ created: true, protection: "passphrase" });
    const content = readFileSync(file);
    expectSame(first, await openIdentity({ folder, mode: "live", passphrase: passphrase.normalize("NFD") }));
    await expect(openIdentity({ folder, mode: "live", passphrase: `${passphrase}x` })).rejects.toMatchObject({
      code: "PASSPHRASE_WRONG",
    });
    await expect(openIdentity({ folder, mode: "live" })).rejects.toMatchObject({ code: "PASSPHRASE_NEEDED" });
    expect(readFileSync(file)).toEqual(content);
  });

  test("the seed is nowhere in the file", async () => {
    const { folder, file } = folderAndFile();
    await openIdentity({ folder, mode: "live", passphrase: PASSPHRASE });
    const content = JSON.parse(readFileSync(file, "utf8"));
    expect(content).not.toHaveProperty("seed");
    expect(content.sealed.kdf).toMatchObject({ name: "scrypt", n: 131_072, r: 8, p: 1 });
    expect(content.sealed.cipher.ciphertext).toMatch(/^[0-9a-f]{64}$/);
    expect(readFileSync(file, "utf8")).not.toContain(PASSPHRASE);
  });

  test("a demo key is never taken for real, not even with a passphrase", async () => {
    const { folder, file } = folderAndFile();
    await openIdentity({ folder, mode: "demo" });
    const content = readFileSync(file);
    await expect(openIdentity({ folder, mode: "live", passphrase: PASSPHRASE })).rejects.toMatchObject({
      code: "IDENTITY_UNPROTECTED",
    });
    expect(readFileSync(file)).toEqual(content);
  });
});

describe("a key file that can't be used is left as it is", () => {
  async function refused(content: string | Buffer) {
    const { folder, file } = folderAndFile();
    mkdirSync(folder, { recursive: true });
    writeFileSync(file, content, { mode: 0o600 });
    const failure = openIdentity({ folder, mode: "demo" });
    await expect(failure).rejects.toMatchObject({
      code: "IDENTITY_UNREADABLE",
      actor: "user",
      help: expect.stringContaining("backup"),
    });
    expect(readFileSync(file)).toEqual(Buffer.from(content));
    expect(readdirSync(folder)).toEqual([IDENTITY_FILE]);
  }

  test.each([
    ["empty", ""],
    ["cut off", '{"v":1,"algorithm":"ml-d'],
    ["of another version", '{"v":2}'],
    ["binary", Buffer.from([0, 255, 1, 254])],
    ["huge", "x".repeat(100_000)],
  ])("%s", async (_what, content) => {
    await refused(content);
  });

  test("with a seed that does not belong to its public key", async () => {
    const { folder, file } = folderAndFile();
    await openIdentity({ folder, mode: "demo" });
    const content = JSON.parse(readFileSync(file, "utf8"));
    await refused(JSON.stringify({ ...content, seed: "00".repeat(32) }));
  });

  test("a folder in its place", async () => {
    const { folder, file } = folderAndFile();
    mkdirSync(file, { recursive: true, mode: 0o700 });
    await expect(openIdentity({ folder, mode: "demo" })).rejects.toMatchObject({
      code: "IDENTITY_UNREADABLE",
    });
    expect(statSync(file).isDirectory()).toBe(true);
  });

  test("any damage to a demo key is noticed", async () => {
    const { folder, file } = folderAndFile();
    const whole = await openIdentity({ folder, mode: "demo" });
    const content = readFileSync(file);
    await fc.assert(
      fc.asyncProperty(fc.nat(content.length - 1), fc.integer({ min: 1, max: 255 }), async (at, flip) => {
        const bent = Buffer.from(content);
        bent[at] = (bent[at] ?? 0) ^ flip;
        writeFileSync(file, bent);
        const opened = await openIdentity({ folder, mode: "demo" }).catch((thrown: unknown) => thrown);
        // Damage to white space, or to a field that is only a note, leaves the key whole; nothing gives another key.
        if (opened instanceof Error) expect(opened).toMatchObject({ code: "IDENTITY_UNREADABLE" });
        else expectSame(whole, opened as Identity);
        expect(readFileSync(file)).toEqual(bent);
      }),
      { numRuns: 60 },
    );
  });

  test.runIf(posix).each([0o640, 0o604, 0o666])(
    "that others can open (mode %o) is refused, with the cure",
    async (mode) => {
      const { folder, file } = folderAndFile();
      await openIdentity({ folder, mode: "demo" });
      chmodSync(file, mode);
      await expect(openIdentity({ folder, mode: "demo" })).rejects.toMatchObject({
        code: "IDENTITY_EXPOSED",
        help: expect.stringContaining("chmod 600"),
      });
      chmodSync(file, 0o600);
      await openIdentity({ folder, mode: "demo" });
    },
  );

  test("a sealed key moved under another public key does not open", async () => {
    const [a, b] = [folderAndFile(), folderAndFile()];
    await openIdentity({ folder: a.folder, mode: "live", passphrase: PASSPHRASE });
    await openIdentity({ folder: b.folder, mode: "live", passphrase: PASSPHRASE });
    const sealed = JSON.parse(readFileSync(a.file, "utf8")).sealed;
    writeFileSync(b.file, JSON.stringify({ ...JSON.parse(readFileSync(b.file, "utf8")), sealed }));
    await expect(
      openIdentity({ folder: b.folder, mode: "live", passphrase: PASSPHRASE }),
    ).rejects.toMatchObject({
      code: "PASSPHRASE_WRONG",
    });
  });
});
