/** What requests and sockets of the control API are refused for alike. */
import { MIB } from "../../shared/durations.ts";
import { AppError } from "../../shared/errors.ts";

export const MAX_BODY_BYTES = MIB;

export function unauthorized(): AppError {
  return new AppError({
    code: "UNAUTHORIZED",
    message: "The control API lets in only who was given access",
    actor: "user",
    help: "Run `bellows dashboard` for a new link.",
  });
}

export function forbidden(message: string): AppError {
  return new AppError({
    code: "FORBIDDEN",
    message,
    actor: "user",
    help: "Open the address that `bellows dashboard` prints.",
  });
}
