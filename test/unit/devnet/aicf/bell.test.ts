/** Whom the devnet's AICF queue wakes: what concerns one provider wakes no other's polls. */
import { expect, test } from "vitest";
import { Bell } from "../../../../src/devnet/aicf/bell.ts";

const LONG = 60_000;

function sleepers(...providers: string[]) {
  const bell = new Bell();
  const woken: string[] = [];
  const life = new AbortController();
  const waits = providers.map((provider) =>
    bell.wait(provider, LONG, life.signal).then(() => woken.push(provider)),
  );
  return { bell, woken, life, all: () => Promise.all(waits) };
}

test("a ring for all wakes all", async () => {
  const { bell, woken, all } = sleepers("a", "b", "a");
  bell.ring();
  await all();
  expect(woken).toEqual(["a", "b", "a"]);
});

test("a ring for one provider wakes its polls only", async () => {
  const { bell, woken, life, all } = sleepers("a", "b", "a");
  bell.ring("a");
  await expect.poll(() => woken).toEqual(["a", "a"]);
  life.abort();
  await all();
  expect(woken).toEqual(["a", "a", "b"]);
});

test("who is awake is not woken again", async () => {
  const { bell, woken, all } = sleepers("a");
  bell.ring("a");
  bell.ring("a");
  await all();
  expect(woken).toEqual(["a"]);
});
