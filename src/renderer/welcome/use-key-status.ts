/** The provider key as it is now; asked again whenever the engine is back. */
import { useEffect, useState } from "react";
import type { IdentityStatus } from "../../shared/contract/identity.ts";
import { type ErrorValue, toErrorValue } from "../../shared/errors.ts";
import { useBridge } from "../state/bridge-context.ts";
import { usePage } from "../state/store.ts";

export function useKeyStatus(): { status: IdentityStatus | null; error: ErrorValue | null } {
  const bridge = useBridge();
  const up = usePage(({ link }) => link.state === "up");
  const [status, setStatus] = useState<IdentityStatus | null>(null);
  const [error, setError] = useState<ErrorValue | null>(null);
  useEffect(() => {
    if (!up) return;
    bridge.invoke("identity.status", {}).then(
      (answer) => setStatus(answer.status),
      (thrown: unknown) => setError(toErrorValue(thrown)),
    );
  }, [bridge, up]);
  return { status, error };
}
