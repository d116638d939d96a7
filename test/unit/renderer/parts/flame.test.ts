import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { FLAME_PATH } from "../../../../src/renderer/parts/flame.tsx";

const file = (name: string) => readFileSync(new URL(`../../../../${name}`, import.meta.url), "utf8");

it("the mark is one and the same flame in the window, the tray and on the app's icon", () => {
  for (const name of ["resources/icons/svg/app.svg", "scripts/icons.mjs", "src/renderer/public/icon.svg"]) {
    expect(file(name), name).toContain(FLAME_PATH);
  }
});
