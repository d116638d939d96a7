/** The provider key as it is now, for every screen that shows it. */
import { useCallback, useState } from "react";
import type { IdentityStatus } from "../../shared/contract/identity.ts";
import { SECOND } from "../../shared/durations.ts";
import type { ErrorValue } from "../../shared/errors.ts";
import { useAnswer } from "../state/use-answer.ts";

/** The terminal may unlock, check or replace the key as well. */
const LOOK_AGAIN = 10 * SECOND;

export interface KeyStatus {
  /** null until it was read. */
  readonly status: IdentityStatus | null;
  readonly error: ErrorValue | null;
  /** A dialog was just told this: newer than the last answer. */
  readonly changed: (status: IdentityStatus) => void;
}

export function useKeyStatus(): KeyStatus {
  const { answer, error, reload } = useAnswer("identity.status", {}, LOOK_AGAIN);
  const [told, setTold] = useState<IdentityStatus | null>(null);
  const changed = useCallback(
    (status: IdentityStatus) => {
      setTold(status);
      reload();
    },
    [reload],
  );
  if (told !== null && answer !== null && sameKey(answer.status, told)) setTold(null);
  return { status: told ?? answer?.status ?? null, error, changed };
}

function sameKey(a: IdentityStatus, b: IdentityStatus): boolean {
  return a.address === b.address && a.state === b.state && a.backup?.at === b.backup?.at;
}
