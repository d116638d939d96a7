/** What a start has opened so far: closed again, last first, unless the start comes to its end and says so. */
export class Unfinished implements AsyncDisposable {
  #closers: (() => unknown)[] = [];

  also(close: () => unknown): void {
    this.#closers.push(close);
  }

  /** All of it stays open: whoever has it now closes it. */
  finished(): void {
    this.#closers = [];
  }

  /** Never rejects: what is to be heard is why the start failed. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.allSettled(
      this.#closers
        .splice(0)
        .reverse()
        .map(async (close) => close()),
    );
  }
}
