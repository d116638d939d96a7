/**
 * Tests of one file side by side, where they mostly wait: for what a product does every 15 s, several wait together.
 * vitest knows one current test; which of several a helper serves is carried along with what it waits for. A file says
 * `sideBySide()` once, takes `expect` and `onTestFinished` from here, and marks its tests `concurrent`.
 */
import { AsyncLocalStorage } from "node:async_hooks";
import {
  aroundEach,
  onTestFinished as atEndOfCurrent,
  type ExpectStatic,
  expect as expectOfCurrent,
  type TestContext,
} from "vitest";

const underWay = new AsyncLocalStorage<TestContext>();

/** Call at the top of a file: from then on its tests may be `concurrent`. */
export function sideBySide(): void {
  aroundEach((run, context) => underWay.run(context, run));
}

/** As vitest's, for the test it is called in. */
export function onTestFinished(clean: () => unknown): void {
  const context = underWay.getStore();
  if (context === undefined) atEndOfCurrent(async () => void (await clean()));
  else context.onTestFinished(async () => void (await clean()));
}

/** As vitest's, for the test it is called in. */
export const expect: ExpectStatic = new Proxy(expectOfCurrent, {
  apply: (_target, self, args) => Reflect.apply(expectNow(), self, args),
  get: (_target, key) => Reflect.get(expectNow(), key),
});

function expectNow(): ExpectStatic {
  return underWay.getStore()?.expect ?? expectOfCurrent;
}
