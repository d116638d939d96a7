/** Wakes everybody who waits for work: long polls sleep on it, and end early when their caller hangs up. */

export class Bell {
  readonly #sleepers = new Set<() => void>();

  ring(): void {
    const sleepers = [...this.#sleepers];
    this.#sleepers.clear();
    for (const wake of sleepers) wake();
  }

  /** Resolves at the next ring, after `ms`, or when the signal aborts: the caller looks which. */
  wait(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal.aborted) return resolve();
      const wake = () => {
        clearTimeout(timer);
        signal.removeEventListener("abort", wake);
        this.#sleepers.delete(wake);
        resolve();
      };
      const timer = setTimeout(wake, ms);
      this.#sleepers.add(wake);
      signal.addEventListener("abort", wake, { once: true });
    });
  }
}
