import { expect, it } from "vitest";
import { SETTINGS } from "../../../src/engine/config/settings.ts";
import { SECRET_VARIABLES, withoutSecrets } from "../../../src/shared/secret-variables.ts";

it("every secret setting is kept from the runtime processes", () => {
  const secret = Object.values(SETTINGS)
    .filter((setting) => "secret" in setting && setting.secret)
    .map((setting) => setting.env as string);
  expect(secret.length).toBeGreaterThan(0);
  expect(secret.filter((name) => !([...SECRET_VARIABLES] as string[]).includes(name))).toEqual([]);
  expect(Object.keys(withoutSecrets())).toEqual([...SECRET_VARIABLES]);
});
