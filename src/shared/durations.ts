/** Named durations and sizes, so that a number in the code always says its unit. */
/** Durations are counted in ms. */
export const MICROSECOND = 1 / 1000;
export const MILLISECOND = 1;
export const SECOND = 1000 * MILLISECOND;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

export const KIB = 1024;
export const MIB = 1024 * KIB;
export const GIB = 1024 * MIB;
