/** Two secrets compared without either being kept: a mark that means nothing outside this process, and nothing after it. */
import { createHmac, randomBytes } from "node:crypto";

const SALT = randomBytes(32);

/** The same for the same secret, as long as this process lives. */
export function secretMark(secret: string): string {
  return createHmac("sha256", SALT).update(secret).digest("base64url");
}
