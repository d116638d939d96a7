/** A decoded image: 8 bits for each of red, green and blue, row by row from the top. */
import { AppError } from "../../../shared/errors.ts";

export interface Pixels {
  readonly width: number;
  readonly height: number;
  /** width × height × 3 */
  readonly rgb: Uint8Array;
}

export function imageUnreadable(why: string, cause?: unknown): AppError {
  return new AppError({
    code: "IMAGE_UNREADABLE",
    message: `An image can't be decoded: ${why}`.slice(0, 300),
    actor: "market",
    cause,
  });
}
