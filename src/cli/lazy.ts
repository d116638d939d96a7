/** What a command does is loaded when it is called: a server that runs for months has no use for the others. */

type Act = (...args: never[]) => unknown;

/** A module's functions, each asynchronous by then. */
type Lazy<M> = {
  readonly [K in keyof M as M[K] extends Act ? K : never]: M[K] extends (...args: infer A) => infer R
    ? (...args: A) => Promise<Awaited<R>>
    : never;
};

export function lazy<M extends object>(load: () => Promise<M>): Lazy<M> {
  return new Proxy({} as Lazy<M>, {
    get:
      (_none, name) =>
      async (...args: never[]) =>
        (Reflect.get(await load(), name) as Act)(...args),
  });
}
