import { expect, test } from "vitest";
import { isDesktopProgram, isListed, programLabel } from "../../../../src/engine/presence/programs.ts";

test.each([
  ["C:\\Program Files\\Games\\Cyberpunk2077.exe", "Cyberpunk2077"],
  ["C:\\Games\\Elden Ring\\eldenring.exe -fullscreen", "eldenring"],
  ["/opt/blender/blender --background scene.blend", "blender"],
  ["NVIDIA Overlay.exe", "NVIDIA Overlay"],
  ["python3", "python3"],
])("%s is shown as %s", (path, label) => {
  expect(programLabel(path)).toBe(label);
});

test.each([
  ["Cyberpunk2077.exe", ["cyberpunk2077"], true],
  ["/home/ada/bin/Blender", ["blender.exe"], true],
  ["Z:\\games\\Game.EXE", ["C:\\Games\\game.exe"], true],
  ["blender-launcher", ["blender"], false],
  ["python3", [], false],
])("%s is on %j: %s", (path, list, expected) => {
  expect(isListed(path, list)).toBe(expected);
});

test.each([
  ["/usr/lib/xorg/Xorg", true],
  ["C:\\Windows\\explorer.exe", true],
  ["NVDisplay.Container.exe", true],
  ["/usr/lib/firefox/firefox", true],
  ["/usr/bin/python3", false],
  ["hashcat.bin", false],
])("%s belongs to any desktop: %s", (path, expected) => {
  expect(isDesktopProgram(path)).toBe(expected);
});
