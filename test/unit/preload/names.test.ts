import { expect, it } from "vitest";
import { appCommandNames, appEventNames, commandNames, eventNames } from "../../../src/preload/names.ts";
import { APP_COMMANDS, APP_EVENTS } from "../../../src/shared/contract/app.ts";
import { COMMANDS, EVENTS } from "../../../src/shared/contract/contract.ts";

it("the bridge lets through exactly the contract", () => {
  expect([...commandNames].sort()).toEqual(Object.keys(COMMANDS).sort());
  expect([...eventNames].sort()).toEqual(Object.keys(EVENTS).sort());
  expect([...appCommandNames].sort()).toEqual(Object.keys(APP_COMMANDS).sort());
  expect([...appEventNames].sort()).toEqual(Object.keys(APP_EVENTS).sort());
});
