import { expect, test } from "vitest";
import { mergeEnvironment } from "../../../src/host/environment.ts";

test("a child's environment is the parent's plus what is added, minus what is removed", () => {
  const base = { PATH: "/bin", TOKEN: "secret", EMPTY: undefined };
  expect(mergeEnvironment(base, { TOKEN: undefined, OTHER: null, MODE: "demo" })).toEqual({
    PATH: "/bin",
    MODE: "demo",
  });
  expect(base.TOKEN).toBe("secret");
});
