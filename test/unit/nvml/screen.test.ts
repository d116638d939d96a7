import { expect, test, vi } from "vitest";

/** A shell that answers as Windows would; each test gets the module anew, because it opens the shell once. */
async function read(answer: { code?: number; state?: number; pid?: number } | null) {
  vi.resetModules();
  const { readScreen } = await import("../../../src/nvml/screen.ts");
  const { code = 0, state = 5, pid = 0 } = answer ?? {};
  return readScreen(
    (id) => (id === 812 ? "C:\\Games\\eldenring.exe" : null),
    () =>
      answer && {
        SHQueryUserNotificationState: (out) => {
          out.writeInt32LE(state);
          return code;
        },
        GetForegroundWindow: () => 0x10402n,
        GetWindowThreadProcessId: (_window, out) => {
          out.writeUInt32LE(pid);
          return 1;
        },
      },
  );
}

test.each([
  [
    "a game has the screen alone",
    { state: 3, pid: 812 },
    { filled: true, pid: 812, name: "C:\\Games\\eldenring.exe" },
  ],
  ["a film fills it", { state: 2, pid: 99 }, { filled: true, pid: 99, name: null }],
  ["nobody knows which window", { state: 2, pid: 0 }, { filled: true, pid: null, name: null }],
  ["the desktop", { state: 5 }, { filled: false }],
  ["quiet hours fill nothing", { state: 6 }, { filled: false }],
  ["the shell does not answer", { code: -2147467259 }, null],
  ["there is no shell", null, null],
])("%s", async (_, answer, expected) => {
  expect(await read(answer)).toEqual(expected);
});

test("elsewhere than on Windows nothing is opened", async () => {
  if (process.platform === "win32") return;
  vi.resetModules();
  const { readScreen } = await import("../../../src/nvml/screen.ts");
  expect(readScreen(() => null)).toBeNull();
});
