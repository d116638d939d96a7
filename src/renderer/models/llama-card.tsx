/** llama.cpp, which models that write texts run on: what is here of it, and its install. */
import { HardDriveDownload } from "lucide-react";
import { useState } from "react";
import type { LlamaView } from "../../shared/contract/llama.ts";
import { t } from "../../shared/words/words.ts";
import { showBytes } from "../format/bytes.ts";
import { Card } from "../parts/card.tsx";
import { ConfirmDialog } from "../parts/controls/confirm-dialog.tsx";
import { InstallProgress } from "../parts/install-progress.tsx";
import { KeptLine, KeptOutcome } from "../parts/kept-folder.tsx";
import { useBridge } from "../state/bridge-context.ts";
import { useEngine, usePage } from "../state/store.ts";
import { type CommandRunner, useCommand } from "../state/use-command.ts";
import { LlamaInstallDialog } from "./llama-install-dialog.tsx";

type Build = LlamaView["builds"][number];

export function LlamaCard() {
  const llama = useEngine((state) => state.llama);
  const command = useCommand();
  if (llama === undefined || !llama.offered) return null;
  const { doing, step, bytesHere, bytesTotal } = llama;
  return (
    <Card
      title={t("models.llama.title")}
      aside={
        <span className="mono clip" title={llama.folder}>
          {llama.folder}
        </span>
      }
    >
      <p className="llama-words">{wordsOf(llama)}</p>
      <ul className="kept-lines">
        {llama.builds.map((build) => (
          <BuildLine key={build.id} build={build} />
        ))}
      </ul>
      {doing === "installing" && (
        <InstallProgress
          label={t("models.llama.progress")}
          percent={bytesTotal === 0 ? null : Math.min(100, Math.floor((bytesHere / bytesTotal) * 100))}
          amount={t("models.progress.amount", { done: showBytes(bytesHere), all: showBytes(bytesTotal) })}
          step={step === null ? null : t(`models.llama.${step}`)}
        />
      )}
      <KeptOutcome
        view={llama}
        refused={command.error}
        words={{
          allRight: t("models.llama.allRight"),
          wrong: (files) => t("models.llama.wrong", { files }),
          wrongHelp: t("models.llama.wrongHelp"),
        }}
      />
      <Actions llama={llama} command={command} />
    </Card>
  );
}

function wordsOf({ version, newest, bytesOnDisk }: LlamaView): string {
  if (version === null) return t("models.llama.words");
  if (version !== newest) return t("models.llama.older", { version, newest });
  return t("models.llama.whole", { version, size: showBytes(bytesOnDisk) });
}

function BuildLine({ build: { id, bytes, installed, usual } }: { build: Build }) {
  const missing = usual ? "models.llama.missing" : "models.llama.extra";
  return (
    <KeptLine here={installed}>
      <span>{t(`models.llama.build.${id}`)}</span>
      <span className="quiet figures">
        {installed ? t("models.llama.installed") : t(missing, { size: showBytes(bytes) })}
      </span>
    </KeptLine>
  );
}

function installWord({ bytesKept, bytesToFetch }: LlamaView): string {
  if (bytesKept > 0) return t("models.llama.goOn");
  if (bytesToFetch === 0) return t("models.llama.again");
  return t("models.llama.install", { size: showBytes(bytesToFetch) });
}

/** What is asked about: an install of the usual builds, of CUDA's beside them, or the end of all. */
type Asking = "usual" | "cuda" | "remove";

function Actions({ llama, command }: { llama: LlamaView; command: CommandRunner }) {
  const bridge = useBridge();
  const stale = usePage((page) => page.stale);
  const [asking, setAsking] = useState<Asking | null>(null);
  const { doing, version, builds, bytesToFetch, bytesKept, bytesOnDisk } = llama;
  const close = () => setAsking(null);
  const blocked = stale || command.pending !== null;
  if (doing === "installing") {
    return (
      <div className="kept-actions">
        <button
          type="button"
          className="button"
          disabled={blocked}
          onClick={() => void command.run("llama.cancel", {})}
        >
          {t("models.llama.stop")}
        </button>
      </div>
    );
  }
  const idle = !blocked && doing === "nothing";
  const cuda = builds.find(({ id, installed }) => id === "cuda" && !installed);
  const damaged = (llama.checked?.wrong.length ?? 0) > 0;
  return (
    <div className="kept-actions">
      {(bytesToFetch > 0 || damaged) && (
        <button
          type="button"
          className="button button-strong"
          disabled={!idle}
          onClick={() => setAsking("usual")}
        >
          <HardDriveDownload size={14} aria-hidden />
          {installWord(llama)}
        </button>
      )}
      {version !== null && (
        <>
          {cuda !== undefined && (
            <button type="button" className="button" disabled={!idle} onClick={() => setAsking("cuda")}>
              {t("models.llama.addCuda", { size: showBytes(cuda.bytes) })}
            </button>
          )}
          <button
            type="button"
            className="button"
            disabled={!idle}
            aria-busy={doing === "checking"}
            onClick={() => void command.run("llama.verify", {})}
          >
            {t(doing === "checking" ? "models.llama.checking" : "models.llama.check")}
          </button>
        </>
      )}
      {bytesOnDisk + bytesKept > 0 && (
        <button
          type="button"
          className="button button-plain"
          disabled={!idle}
          onClick={() => setAsking("remove")}
        >
          {t("models.llama.remove")}
        </button>
      )}
      <LlamaInstallDialog
        open={asking === "usual" || asking === "cuda"}
        cuda={asking === "cuda"}
        llama={llama}
        onClose={close}
      />
      <ConfirmDialog
        open={asking === "remove"}
        onClose={close}
        title={t("models.llama.removeAsk")}
        words={t("models.llama.removeWords", { size: showBytes(bytesOnDisk + bytesKept) })}
        confirm={t("models.llama.remove")}
        destructive
        onConfirm={() => bridge.invoke("llama.remove", {})}
      />
    </div>
  );
}
