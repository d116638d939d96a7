import { expect, test } from "vitest";
import { mergeEnvironment } from "../../../src/host/environment.ts";
import { withoutSecrets } from "../../../src/shared/secret-variables.ts";

test("a child's environment is the parent's plus what is added, minus what is removed", () => {
  const base = { PATH: "/bin", TOKEN: "secret", EMPTY: undefined };
  expect(mergeEnvironment(base, { TOKEN: undefined, OTHER: null, MODE: "demo" })).toEqual({
    PATH: "/bin",
    MODE: "demo",
  });
  expect(base.TOKEN).toBe("secret");
});

test("on Windows a name is the same in any spelling: no secret slips through in another", () => {
  const base = { Bellows_Key_Passphrase: "four words make one", Path: "C:\\Windows", MODE: "live" };
  const changes = { ...withoutSecrets(), PATH: "C:\\CUDA;C:\\Windows", mode: "demo" };
  expect(mergeEnvironment(base, changes, "win32")).toEqual({ PATH: "C:\\CUDA;C:\\Windows", mode: "demo" });
  // Elsewhere they are different variables.
  expect(mergeEnvironment({ Path: "a" }, { PATH: "b" }, "linux")).toEqual({ Path: "a", PATH: "b" });
});
