/** What every dialog about the key is given. */
import type { IdentityStatus } from "../../shared/contract/identity.ts";

export interface KeyDialogProps {
  readonly status: IdentityStatus;
  readonly onChange: (status: IdentityStatus) => void;
  readonly onClose: () => void;
}

/** Sent only where it is asked for: an empty field is no passphrase. */
export const passphraseOf = (typed: string): { passphrase?: string } =>
  typed === "" ? {} : { passphrase: typed };
