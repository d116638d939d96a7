/** What each GPU draws while it works: a running average of readings taken during jobs, since the engine's start. */

/** Fewer readings than this may all be of a card that was just waking up. */
const ENOUGH = 20;
/** Weight of the newest reading. */
const SHARE = 0.05;

export class LoadPower {
  readonly #byDevice = new Map<string, { watts: number; readings: number }>();

  /** A reading of a device; only those taken while it works count. */
  note(device: string, watts: number | null, working: boolean): void {
    if (!working || watts === null || !Number.isFinite(watts) || watts <= 0) return;
    const before = this.#byDevice.get(device);
    const readings = (before?.readings ?? 0) + 1;
    // A plain mean at first, so that the first reading does not weigh for ever.
    const weight = Math.max(SHARE, 1 / readings);
    this.#byDevice.set(device, {
      watts: before === undefined ? watts : before.watts + (watts - before.watts) * weight,
      readings,
    });
  }

  /** null: not worked long enough to tell. */
  measured(device: string): number | null {
    const known = this.#byDevice.get(device);
    return known === undefined || known.readings < ENOUGH ? null : known.watts;
  }
}
