/** The provider key: its names, how it is stored, whether a backup was proved, and what can be done with it. */
import {
  CircleCheck,
  FileDown,
  KeyRound,
  LockKeyhole,
  MoreHorizontal,
  PenLine,
  ShieldAlert,
} from "lucide-react";
import { useState } from "react";
import type { IdentityStatus } from "../../shared/contract/identity.ts";
import { t } from "../../shared/words/words.ts";
import { formatDate } from "../format/time.ts";
import { Age } from "../parts/age.tsx";
import { Card } from "../parts/card.tsx";
import { Menu } from "../parts/controls/menu.tsx";
import { Digest } from "../parts/digest.tsx";
import { Fact } from "../parts/fact.tsx";
import { ErrorNote } from "../parts/note.tsx";
import { type StatusLook, StatusWord } from "../parts/status-word.tsx";
import { Actions } from "./actions.tsx";
import { CheckDialog } from "./check-dialog.tsx";
import { ExportDialog } from "./export-dialog.tsx";
import { MakeDialog } from "./make-dialog.tsx";
import { PhraseDialog } from "./phrase-dialog.tsx";
import { ReplaceDialog } from "./replace-dialog.tsx";
import { RestoreDialog } from "./restore-dialog.tsx";
import { UnlockForm } from "./unlock-form.tsx";

export interface KeyProps {
  readonly status: IdentityStatus;
  readonly onChange: (status: IdentityStatus) => void;
}

type Ask = "make" | "phrase" | "export" | "check" | "restore" | "replace";

export function KeyCard({ status, onChange }: KeyProps) {
  const [asked, setAsked] = useState<Ask | null>(null);
  const ask = (what: Ask) => () => setAsked(what);
  const dialog = { status, onChange, onClose: () => setAsked(null) };
  return (
    <Card title={t("identity.key.title")} aside={t("identity.key.aside")} className="key-card">
      {status.state === "none" ? (
        <NoKey onMake={ask("make")} onRestore={ask("restore")} />
      ) : (
        <>
          <Facts status={status} />
          {status.state === "locked" && <Locked status={status} onChange={onChange} />}
          <Backup status={status} ask={ask} />
        </>
      )}
      {asked === "make" && <MakeDialog {...dialog} />}
      {asked === "phrase" && <PhraseDialog {...dialog} />}
      {asked === "export" && <ExportDialog {...dialog} />}
      {asked === "check" && <CheckDialog {...dialog} />}
      {asked === "restore" && <RestoreDialog {...dialog} />}
      {asked === "replace" && <ReplaceDialog {...dialog} />}
    </Card>
  );
}

function NoKey({ onMake, onRestore }: { onMake: () => void; onRestore: () => void }) {
  return (
    <div className="card-empty">
      <KeyRound size={22} strokeWidth={1.6} aria-hidden />
      <strong>{t("identity.none.title")}</strong>
      <span className="key-none-text">{t("identity.none.text")}</span>
      <Actions>
        <button type="button" className="button button-strong" onClick={onMake}>
          {t("identity.none.make")}
        </button>
        <button type="button" className="button" onClick={onRestore}>
          {t("identity.none.restore")}
        </button>
      </Actions>
    </div>
  );
}

const LOOK = {
  open: { icon: CircleCheck, tone: "ok" },
  locked: { icon: LockKeyhole, tone: "warn" },
  none: { icon: KeyRound, tone: "muted" },
} as const satisfies Record<IdentityStatus["state"], Omit<StatusLook, "word">>;

function Facts({ status }: { status: IdentityStatus }) {
  const look = { ...LOOK[status.state], word: t(`identity.state.${status.state}`) };
  return (
    <dl className="facts key-facts">
      <Fact label={t("identity.key.address")} className="fact-wide">
        <Digest value={status.address} what={t("identity.key.copyAddress")} whole />
        <StatusWord look={look} />
      </Fact>
      <Fact label={t("identity.key.providerId")}>
        <Digest value={status.providerId} what={t("identity.key.copyId")} whole />
      </Fact>
      <Fact label={t("identity.key.fingerprint")}>
        <Digest value={status.fingerprint} what={t("identity.key.copyFingerprint")} />
      </Fact>
      <Fact label={t("identity.key.stored")}>{storedWords(status)}</Fact>
      {status.createdAt !== null && (
        <Fact label={t("identity.key.created")}>{formatDate(status.createdAt)}</Fact>
      )}
      {status.retiredKeys > 0 && (
        <Fact label={t("identity.key.retired")}>
          {t("identity.key.retiredKept", { count: status.retiredKeys })}
        </Fact>
      )}
    </dl>
  );
}

function storedWords({ protection, keyStore }: IdentityStatus): string {
  switch (protection) {
    case "none-demo":
      return t("identity.protection.demo");
    case "os-store":
      return t("identity.protection.store", { store: keyStore ?? "–" });
    default:
      return t("identity.protection.passphrase");
  }
}

function Locked({ status, onChange }: KeyProps) {
  return (
    <section className="key-part" aria-label={t("identity.locked.title")}>
      <h3>{t("identity.locked.title")}</h3>
      <p className="quiet">{t("identity.locked.text")}</p>
      {status.problem !== null && status.problem.code !== "KEY_LOCKED" && (
        <ErrorNote error={status.problem} />
      )}
      {status.protection === "passphrase" && <UnlockForm onChange={onChange} />}
    </section>
  );
}

function Backup({ status, ask }: { status: IdentityStatus; ask: (what: Ask) => () => void }) {
  const { backup } = status;
  const play = status.mode === "demo";
  return (
    <section className="key-part" aria-label={t("identity.backup.title")}>
      <h3 className={backup === null ? "tone-warn" : "tone-ok"}>
        {backup === null ? (
          <ShieldAlert size={16} className="key-mark" aria-hidden />
        ) : (
          <CircleCheck size={16} className="key-mark" aria-hidden />
        )}
        {t(backup === null ? "identity.backup.unchecked" : "identity.backup.checked")}
      </h3>
      <p className="quiet">
        {backup !== null ? (
          <>
            <Age at={backup.at} />, {t(`identity.backup.checkedHow.${backup.by}`)}
          </>
        ) : (
          t(play ? "identity.backup.demo" : "identity.backup.uncheckedWhy")
        )}
      </p>
      <Actions>
        <button type="button" className="button" onClick={ask("phrase")}>
          <PenLine size={14} aria-hidden />
          {t("identity.backup.phrase")}
        </button>
        <button type="button" className="button" onClick={ask("export")}>
          <FileDown size={14} aria-hidden />
          {t("identity.backup.file")}
        </button>
        <button type="button" className="button" onClick={ask("check")}>
          <CircleCheck size={14} aria-hidden />
          {t("identity.backup.check")}
        </button>
        {!play && (
          <Menu
            trigger={<MoreHorizontal size={16} aria-hidden />}
            label={t("identity.more")}
            className="button key-more"
            groups={[
              [
                { key: "restore", label: t("identity.restore"), onSelect: ask("restore") },
                { key: "rotate", label: t("identity.rotate"), onSelect: ask("replace"), destructive: true },
              ],
            ]}
          />
        )}
      </Actions>
    </section>
  );
}
