import { expect, it } from "vitest";
import { commandNames, eventNames } from "../../../src/preload/names.ts";
import { COMMANDS, EVENTS } from "../../../src/shared/contract/contract.ts";

it("the bridge lets through exactly the contract", () => {
  expect([...commandNames].sort()).toEqual(Object.keys(COMMANDS).sort());
  expect([...eventNames].sort()).toEqual(Object.keys(EVENTS).sort());
});
