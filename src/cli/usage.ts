/** A command line that asks for something that can't be. */
import { Refusal } from "../engine/config/refusal.ts";
import { AppError } from "../shared/errors.ts";

/** Code USAGE, exit code 2. */
export function usageError(message: string, help?: string): AppError {
  return new AppError({ code: "USAGE", message, actor: "user", help });
}

/** One flag's text through a reader of engine/config/parsers.ts. */
export function readFlag<T>(name: string, text: string, read: (text: string) => T): T {
  try {
    return read(text);
  } catch (thrown) {
    if (thrown instanceof Refusal) throw usageError(`${name} "${text}" ${thrown.message}`, thrown.fix);
    throw thrown;
  }
}
