/** A disk that is full passes by itself: what ended for it is started again once there is room, and says so until then. */
import { needRoomToWork } from "../shared/disk-room.ts";
import { type ErrorValue, toErrorValue } from "../shared/errors.ts";

/**
 * For `SupervisorOptions.obstacle`: looks at the disk of `folder`. A ledger that failed for anything else, such as a disk
 * that is dying, is no obstacle that passes, unless the disk is seen to be full.
 */
export function diskObstacle(
  error: ErrorValue,
  folder: string | undefined,
): (() => ErrorValue | null) | null {
  if (folder === undefined) return null;
  const look = () => {
    try {
      needRoomToWork(folder);
      return null;
    } catch (thrown) {
      return toErrorValue(thrown);
    }
  };
  if (error.code === "DATA_FOLDER_FULL") return look;
  return error.code === "LEDGER_FAILED" && look() !== null ? look : null;
}
