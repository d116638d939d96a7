/** Wakes who waits for work, all or one provider's: long polls sleep on it, and end early when their caller hangs up. */

export class Bell {
  /** Of each sleeper, whose it is. */
  readonly #sleepers = new Map<() => void, string>();

  /** `of`: only this provider's. Who is woken looks again, and that costs: what concerns one wakes no other. */
  ring(of?: string): void {
    const woken = [...this.#sleepers].filter(([, provider]) => of === undefined || provider === of);
    for (const [wake] of woken) wake();
  }

  /** Resolves at the next ring for the provider, after `ms`, or when the signal aborts: the caller looks which. */
  wait(provider: string, ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal.aborted) return resolve();
      const wake = () => {
        clearTimeout(timer);
        signal.removeEventListener("abort", wake);
        this.#sleepers.delete(wake);
        resolve();
      };
      const timer = setTimeout(wake, ms);
      this.#sleepers.set(wake, provider);
      signal.addEventListener("abort", wake, { once: true });
    });
  }
}
