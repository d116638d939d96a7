/** A device that is let rest: by whom, and who might mind. The window and the tray ask the same. */
import type { OfferView } from "./contract/offers.ts";
import type { DeviceView } from "./contract/views.ts";

/** Has its person paused it, whatever else speaks against work? Then they can end that. */
export const isSnoozed = ({ paused }: Pick<DeviceView, "paused">): boolean =>
  paused?.signals.includes("snooze") === true;

/** The offer by which somebody rents the device now. */
export const rentedBy = (offers: readonly OfferView[], id: string): OfferView | undefined =>
  offers.find(({ device, state }) => device === id && (state === "booked" || state === "in-use"));
