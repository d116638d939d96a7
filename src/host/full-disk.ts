/** A disk that is full passes by itself: what ended for it is started again once there is room, and says so until then. */
import { needRoomToWork } from "../shared/disk-room.ts";
import { type ErrorValue, toErrorValue } from "../shared/errors.ts";

/** That of the ledger may have had another cause: then there is room at once, and only the usual pause. */
const OF_THE_DISK: ReadonlySet<string> = new Set(["LEDGER_FAILED", "DATA_FOLDER_FULL"]);

/** For `SupervisorOptions.obstacle`: looks at the disk of `folder`. */
export function diskObstacle(
  error: ErrorValue,
  folder: string | undefined,
): (() => ErrorValue | null) | null {
  if (folder === undefined || !OF_THE_DISK.has(error.code)) return null;
  return () => {
    try {
      needRoomToWork(folder);
      return null;
    } catch (thrown) {
      return toErrorValue(thrown);
    }
  };
}
