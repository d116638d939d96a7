import { afterEach, describe, expect, test } from "vitest";
import {
  type DeviceFacts,
  type DeviceWish,
  FREE_WISH,
  type GpuProgram,
  judge,
  type Latches,
  type MachineFacts,
  type Verdict,
} from "../../../../src/engine/presence/judge.ts";
import {
  DEFAULT_PRESENCE_RULES,
  type PresenceRules,
  type PresenceSignalName,
} from "../../../../src/shared/contract/presence.ts";
import { HOUR, MINUTE, SECOND } from "../../../../src/shared/durations.ts";
import { hear } from "../../../../src/shared/words/hear.ts";
import { setLanguage } from "../../../../src/shared/words/words.ts";

const NOW = 1_790_000_000_000;

const IDLE_GPU: DeviceFacts = {
  kind: "gpu",
  isSlice: false,
  isReserved: false,
  programs: [],
  utilisationPct: 0,
  temperatureC: 40,
  ourAbsenceMs: HOUR,
  ourIdleMs: HOUR,
  hasFullscreen: null,
};

const QUIET: MachineFacts = {
  fullscreen: "none",
  idleMs: 0,
  onBattery: false,
  listedProgram: null,
  open: true,
  opensAt: null,
};

const program = (change: Partial<GpuProgram> = {}): GpuProgram => ({
  pid: 4242,
  name: "/opt/train/blender",
  memoryMb: 3000,
  ours: false,
  ...change,
});

interface Scene {
  readonly facts?: Partial<DeviceFacts>;
  readonly machine?: Partial<MachineFacts>;
  readonly rules?: Partial<PresenceRules>;
  readonly wish?: Partial<DeviceWish>;
}

function look(scene: Scene, before: Latches = {}, at = NOW): Verdict {
  return judge(
    { ...IDLE_GPU, ...scene.facts },
    { ...QUIET, ...scene.machine },
    { ...DEFAULT_PRESENCE_RULES, ...scene.rules },
    { ...FREE_WISH, ...scene.wish },
    before,
    at,
  );
}

/** One look after another, each some seconds after the one before; what paused it at each, or null. */
function course(
  ...steps: readonly (readonly [afterS: number, scene: Scene])[]
): (PresenceSignalName | null)[] {
  let latches: Latches = {};
  let at = NOW;
  return steps.map(([afterS, scene]) => {
    at += afterS * SECOND;
    const verdict = look(scene, latches, at);
    latches = verdict.latches;
    return verdict.paused?.by ?? null;
  });
}

const stateOf = ({ signals }: Verdict, name: PresenceSignalName) =>
  signals.find((signal) => signal.name === name);

describe("what pauses a device, and what does not", () => {
  const training = { facts: { programs: [program()] } } satisfies Scene;
  const cases: [string, Scene, PresenceSignalName | null][] = [
    ["an idle GPU and nobody's rule", {}, null],
    ["switched off", { wish: { enabled: false } }, "switch"],
    ["paused by hand", { wish: { snooze: { until: NOW + HOUR, boot: null } } }, "snooze"],
    ["another program computes on it", training, "otherProgram"],
    ["the same, but the rule is off", { ...training, rules: { otherPrograms: false } }, null],
    [
      "our own runtime computes on it",
      { facts: { programs: [program({ ours: true })], ourAbsenceMs: 0 } },
      null,
    ],
    ["a program that holds next to nothing", { facts: { programs: [program({ memoryMb: 60 })] } }, null],
    [
      "a game draws",
      { facts: { programs: [program({ kind: "graphics", memoryMb: 6000 })] } },
      "otherProgram",
    ],
    ["a small window draws", { facts: { programs: [program({ kind: "graphics", memoryMb: 300 })] } }, null],
    [
      "the desktop draws, however much it holds",
      { facts: { programs: [program({ name: "/usr/lib/xorg/Xorg", kind: "graphics", memoryMb: 4000 })] } },
      null,
    ],
    [
      "a browser computes",
      { facts: { programs: [program({ name: "chrome --type=gpu", kind: "both" })] } },
      null,
    ],
    [
      "the server of MPS holds our context",
      { facts: { programs: [program({ name: "nvidia-cuda-mps-server" })], ourAbsenceMs: 0 } },
      null,
    ],
    [
      "nameless beside ours: ours under its number outside the container",
      { facts: { programs: [program({ name: null })], ourAbsenceMs: 0 } },
      null,
    ],
    [
      "nameless, a moment after ours ended",
      { facts: { programs: [program({ name: null })], ourAbsenceMs: 3 * SECOND } },
      null,
    ],
    ["nameless, and ours is long gone", { facts: { programs: [program({ name: null })] } }, "otherProgram"],
    [
      "rented out: the renter's program is none of our business",
      { facts: { programs: [program()], isReserved: true, utilisationPct: 100 } },
      null,
    ],
    ["a slice: its parent's programs say nothing", { facts: { programs: [program()], isSlice: true } }, null],
    ["its programs can't be asked", { facts: { programs: null } }, null],
    [
      "a listed program on it, small as it is",
      {
        facts: { programs: [program({ name: "C:\\Games\\eldenring.exe", memoryMb: null })] },
        rules: { programs: ["EldenRing"] },
      },
      "program",
    ],
    [
      "a listed program that runs, but not on this GPU",
      { machine: { listedProgram: "eldenring.exe" }, rules: { programs: ["eldenring.exe"] } },
      null,
    ],
    [
      "a listed program that runs, and this GPU tells none",
      {
        facts: { programs: null },
        machine: { listedProgram: "eldenring.exe" },
        rules: { programs: ["eldenring.exe"] },
      },
      "program",
    ],
    [
      "a listed program, and the processor does the work",
      {
        facts: { kind: "cpu" },
        machine: { listedProgram: "eldenring.exe" },
        rules: { programs: ["eldenring.exe"] },
      },
      "program",
    ],
    ["a film fills the screen", { machine: { fullscreen: { name: "mpv" } } }, "fullscreen"],
    [
      "a film on another GPU's screen",
      { machine: { fullscreen: { name: "mpv" } }, facts: { hasFullscreen: false } },
      null,
    ],
    [
      "full screens do not matter",
      { machine: { fullscreen: { name: "mpv" } }, rules: { fullscreen: false } },
      null,
    ],
    ["whether anything fills the screen can't be told", { machine: { fullscreen: null } }, null],
    ["on battery", { machine: { onBattery: true } }, "battery"],
    ["on battery, and it does not matter", { machine: { onBattery: true }, rules: { battery: false } }, null],
    ["the supply is not told", { machine: { onBattery: null } }, null],
    [
      "outside the hours",
      {
        machine: { open: false, opensAt: NOW + HOUR },
        rules: { schedule: [{ days: [1], from: "01:00", to: "02:00" }] },
      },
      "schedule",
    ],
    ["somebody is here", { machine: { idleMs: 30 * SECOND }, rules: { idleMinutes: 5 } }, "person"],
    ["away for long enough", { machine: { idleMs: 6 * MINUTE }, rules: { idleMinutes: 5 } }, null],
    ["locked", { machine: { idleMs: Number.POSITIVE_INFINITY }, rules: { idleMinutes: 5 } }, null],
    ["nobody can tell who is here", { machine: { idleMs: null }, rules: { idleMinutes: 5 } }, null],
    ["hot", { facts: { temperatureC: 84 }, rules: { temperatureC: 84 } }, "temperature"],
    [
      "its own limit wins over the rule",
      { facts: { temperatureC: 80 }, rules: { temperatureC: 90 }, wish: { temperatureC: 75 } },
      "temperature",
    ],
    ["its heat is not told", { facts: { temperatureC: null }, rules: { temperatureC: 60 } }, null],
    [
      "the rule's limit is for GPUs",
      { facts: { kind: "cpu", temperatureC: 95 }, rules: { temperatureC: 84 } },
      null,
    ],
    ["busy for no time yet", { facts: { utilisationPct: 100 } }, null],
  ];
  test.each(cases)("%s", (_, scene, by) => {
    expect(look(scene).paused?.by ?? null).toBe(by);
  });

  test("the first of several reasons is named, and all are listed", () => {
    const { paused } = look({
      facts: { programs: [program({ name: "game.exe" })] },
      machine: { onBattery: true, fullscreen: { name: "game.exe" } },
      rules: { programs: ["game"] },
    });
    expect(paused).toMatchObject({
      by: "battery",
      signals: ["battery", "program", "fullscreen", "otherProgram"],
    });
  });

  test("says who it rests for, how long, and whether it goes on by itself", () => {
    expect(
      look({ facts: { programs: [program({ name: "/opt/games/Cyberpunk2077.exe" })] } }).paused,
    ).toMatchObject({
      text: "paused for Cyberpunk2077, which holds 3000 MB of it",
      subject: "Cyberpunk2077",
      resumesByItself: true,
    });
    expect(look({ wish: { enabled: false } }).paused).toMatchObject({ resumesByItself: false, until: null });
    const snooze = (until: number | null, boot: string | null) =>
      look({ wish: { snooze: { until, boot } } }).paused;
    expect(snooze(NOW + HOUR, null)).toMatchObject({ until: NOW + HOUR, resumesByItself: true });
    expect(snooze(null, "this one")).toMatchObject({ until: null, resumesByItself: true });
    expect(snooze(null, null)).toMatchObject({ until: null, resumesByItself: false });
  });

  test("every signal says what it sees, what it can't see, and which nobody asks for", () => {
    const verdict = look({
      machine: { fullscreen: null },
      facts: { temperatureC: 71 },
      rules: { temperatureC: 84 },
    });
    expect(verdict.signals).toHaveLength(10);
    expect(stateOf(verdict, "fullscreen")).toMatchObject({ state: "unknown" });
    expect(stateOf(verdict, "temperature")).toEqual({
      name: "temperature",
      state: "allows",
      text: "cooler than 84 °C",
      said: { key: "cool", values: { celsius: 84 } },
    });
    expect(stateOf(verdict, "person")).toMatchObject({ state: "off" });
  });
});

describe("what is seen, in the page's language", () => {
  afterEach(() => setLanguage("en"));
  const holding = (change: Partial<GpuProgram>): Scene => ({ facts: { programs: [program(change)] } });

  test.each([
    ["switched off", { wish: { enabled: false } }, "switched off by you", "von Ihnen ausgeschaltet"],
    [
      "a program",
      holding({ memoryMb: 18_400 }),
      "paused for blender, which holds 18400 MB of it",
      "pausiert wegen blender, das 18400 MB davon belegt",
    ],
    [
      "a process without a name",
      holding({ name: null, pid: 12_345, memoryMb: 3000.4 }),
      "paused for process 12345, which holds 3000 MB of it",
      "pausiert wegen Prozess 12345, der 3000 MB davon belegt",
    ],
    [
      "heat",
      { facts: { temperatureC: 90 }, rules: { temperatureC: 84 } },
      "paused until it has cooled down to 76 °C",
      "pausiert, bis das Gerät auf 76 °C abgekühlt ist",
    ],
  ] satisfies [string, Scene, string, string][])("%s", (_, scene, english, german) => {
    const { paused } = look(scene);
    expect(paused?.text).toBe(english);
    setLanguage("de");
    expect(hear(paused?.text ?? "", paused?.said)).toBe(german);
  });

  test("every signal is told in German too, asked for or not", () => {
    const everything: Partial<PresenceRules> = {
      programs: ["game"],
      idleMinutes: 5,
      temperatureC: 80,
      schedule: [{ days: [1], from: "08:00", to: "09:00" }],
    };
    const nothing: Partial<PresenceRules> = {
      otherPrograms: false,
      busy: null,
      fullscreen: false,
      battery: false,
    };
    setLanguage("de");
    for (const rules of [everything, nothing]) {
      for (const { name, text, said } of look({ rules }).signals) {
        expect(said, name).toBeDefined();
        expect(hear(text, said), name).not.toBe(text);
      }
    }
  });
});

describe("how long it lasts", () => {
  const game: Scene = { facts: { programs: [program({ name: "game", kind: "graphics", memoryMb: 5000 })] } };
  const busy = (load: number | null, ourIdleMs = HOUR): Scene => ({
    facts: { utilisationPct: load, ourIdleMs },
    rules: { busy: { percent: 50, seconds: 30 } },
  });
  const heat = (temperatureC: number | null): Scene => ({
    facts: { temperatureC },
    rules: { temperatureC: 80 },
  });
  const away = (idleMs: number): Scene => ({ machine: { idleMs }, rules: { idleMinutes: 10 } });

  const cases: [string, (readonly [number, Scene])[], (PresenceSignalName | null)[]][] = [
    [
      "a game pauses at once, and its launcher's gap does not resume",
      [
        [0, {}],
        [1, game],
        [5, {}],
        [5, game],
        [10, {}],
        [14, {}],
        [1, {}],
      ],
      [null, "otherProgram", "otherProgram", "otherProgram", "otherProgram", "otherProgram", null],
    ],
    [
      "load counts once it has lasted, and ends lower than it began",
      [
        [0, busy(60)],
        [29, busy(60)],
        [1, busy(60)],
        [1, busy(45)],
        [60, busy(45)],
        [1, busy(10)],
        [29, busy(10)],
        [1, busy(10)],
      ],
      [null, null, "busy", "busy", "busy", "busy", "busy", null],
    ],
    [
      "a clock that is set back by hours holds nothing for hours",
      [
        [0, game],
        [5, {}],
        [-5 * 3600, {}],
        [1, {}],
      ],
      ["otherProgram", "otherProgram", null, null],
    ],
    [
      "load that comes and goes does not count",
      [
        [0, busy(90)],
        [20, busy(5)],
        [5, busy(90)],
        [29, busy(90)],
      ],
      [null, null, null, null],
    ],
    [
      "our own load never counts, however long it lasts",
      [
        [0, busy(100, 0)],
        [60, busy(100, 0)],
        [60, busy(100, SECOND)],
        [3600, busy(100, 0)],
      ],
      [null, null, null, null],
    ],
    [
      "our load just before makes somebody else's count from the beginning",
      [
        [0, busy(100)],
        [25, busy(100, 0)],
        [10, busy(100)],
        [29, busy(100)],
        [1, busy(100)],
      ],
      [null, null, null, null, "busy"],
    ],
    [
      "a hot GPU rests until it has cooled by 8 °C",
      [
        [0, heat(79)],
        [1, heat(80)],
        [1, heat(79)],
        [60, heat(73)],
        [1, heat(72)],
        [1, heat(71)],
        [1, heat(79)],
      ],
      [null, "temperature", "temperature", "temperature", "temperature", null, null],
    ],
    [
      "readings that stop end a pause late, not at once",
      [
        [0, heat(85)],
        [1, heat(null)],
        [100, heat(null)],
        [20, heat(null)],
      ],
      ["temperature", "temperature", "temperature", null],
    ],
    [
      "a touch of the mouse pauses at once, and away means away again from the beginning",
      [
        [0, away(11 * MINUTE)],
        [1, away(SECOND)],
        [60, away(MINUTE)],
        [540, away(10 * MINUTE)],
      ],
      [null, "person", "person", null],
    ],
    [
      "the hand's word counts at once, both ways",
      [
        [0, {}],
        [1, { wish: { enabled: false } }],
        [1, {}],
      ],
      [null, "switch", null],
    ],
    [
      "a rule that is taken back ends its pause at once",
      [
        [0, game],
        [1, { ...game, rules: { otherPrograms: false } }],
      ],
      ["otherProgram", null],
    ],
  ];
  test.each(cases)("%s", (_, steps, expected) => {
    expect(course(...steps)).toEqual(expected);
  });

  test("while a program that is gone is waited for, the words still name it", () => {
    const first = look(game);
    const later = look({}, first.latches, NOW + 5 * SECOND);
    expect(later.paused).toMatchObject({ subject: "game", text: expect.stringContaining("paused for game") });
  });
});
