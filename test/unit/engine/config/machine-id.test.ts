import { describe, expect, it } from "vitest";
import { type MachineAsk, readMachineId } from "../../../../src/engine/config/machine-id.ts";

const ID = "3d1219c7c4c5404aaa1f6d2a48adfda4";
const GUID = "9F1C6A7E-1B2C-4D3E-8F40-0123456789AB";

const ask = (answers: Partial<MachineAsk>): Promise<string | null> =>
  readMachineId({
    platform: "linux",
    isInContainer: () => false,
    read: () => null,
    run: () => Promise.resolve(""),
    ...answers,
  });

describe("the machine's id", () => {
  it("on Linux is systemd's, else D-Bus's", async () => {
    expect(await ask({ read: (file) => (file === "/etc/machine-id" ? `${ID}\n` : null) })).toBe(ID);
    expect(await ask({ read: (file) => (file.includes("dbus") ? ID : "") })).toBe(ID);
  });

  it("is none in a container, where it is the image's, and none of a system that never started", async () => {
    expect(await ask({ read: () => ID, isInContainer: () => true })).toBeNull();
    for (const text of ["", "uninitialized\n", "not an id"])
      expect(await ask({ read: () => text })).toBeNull();
  });

  it("on Windows is the registry's, whatever the case", async () => {
    const told = `\r\nHKEY_LOCAL_MACHINE\\SOFTWARE\\Microsoft\\Cryptography\r\n    MachineGuid    REG_SZ    ${GUID}\r\n\r\n`;
    const run = (file: string) => Promise.resolve(file === "reg.exe" ? told : "");
    expect(await ask({ platform: "win32", run })).toBe(GUID.toLowerCase());
    expect(await ask({ platform: "win32" })).toBeNull();
  });

  it("on macOS is the board's", async () => {
    const told = `+-o J314sAP  <class IOPlatformExpertDevice>\n    {\n      "IOPlatformUUID" = "${GUID}"\n    }\n`;
    expect(await ask({ platform: "darwin", run: () => Promise.resolve(told) })).toBe(GUID.toLowerCase());
  });

  it("is none where nobody knows how to ask, and asking the real system never throws", async () => {
    expect(await ask({ platform: "freebsd" })).toBeNull();
    expect(await readMachineId()).toSatisfy((id) => id === null || /^[0-9a-f-]{32,36}$/.test(String(id)));
  });
});
