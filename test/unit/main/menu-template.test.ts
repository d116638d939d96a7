import type { MenuItemConstructorOptions } from "electron";
import { afterEach, describe, expect, it, vi } from "vitest";
import { menuTemplate } from "../../../src/main/menu-template.ts";
import { setLanguage } from "../../../src/shared/words/words.ts";

afterEach(() => setLanguage("en"));

const verbs = [{ verb: "run.pause", label: "Pause", enabled: true }] as const;

function itemsOf(platform: NodeJS.Platform, actions = { run: () => undefined, quit: () => undefined }) {
  const all = (items: MenuItemConstructorOptions[]): MenuItemConstructorOptions[] =>
    items.flatMap((item) => [item, ...(Array.isArray(item.submenu) ? all(item.submenu) : [])]);
  return all(menuTemplate(verbs, actions, platform)).filter(({ type }) => type !== "separator");
}

describe("the window's menu", () => {
  it("speaks the chosen language in every item", () => {
    const english = itemsOf("linux").map(({ label }) => label);
    expect(english).not.toContain(undefined);
    setLanguage("de");
    const german = itemsOf("linux").map(({ label }) => label);
    expect(german).toHaveLength(english.length);
    // The verbs come with their words.
    const same = german.filter((label, index) => label === english[index]);
    expect(same).toEqual(["Pause"]);
  });

  it("can cut and paste, which macOS does only by its menu", () => {
    const roles = itemsOf("darwin").map(({ role }) => role);
    expect(roles).toEqual(expect.arrayContaining(["undo", "redo", "cut", "copy", "paste", "selectAll"]));
  });

  it("runs the work's verbs and quits", () => {
    const actions = { run: vi.fn(), quit: vi.fn() };
    const click = (wanted: string) => {
      const item = itemsOf("linux", actions).find(({ label }) => label === wanted);
      // @ts-expect-error: main's actions look at none of what Electron hands them.
      item?.click?.();
    };
    click("Pause");
    click("Quit Bellows");
    expect(actions.run).toHaveBeenCalledExactlyOnceWith("run.pause");
    expect(actions.quit).toHaveBeenCalledOnce();
  });
});
