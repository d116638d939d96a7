/** How long a condition is waited for: far longer than it takes, as a loaded machine may be that slow. */
import { MINUTE, SECOND } from "../../../src/shared/durations.ts";

/** For `expect.poll`, `vi.waitUntil` and Playwright's own waiting. */
export const PATIENCE = { timeout: 60 * SECOND, interval: 50 };

/** For a hook that builds and starts things, ms. */
export const HOOK_PATIENCE = 4 * MINUTE;
