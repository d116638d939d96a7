/** What CUDA needs and the app does not bring: part by part, fetched when somebody says so. Shown where it would help. */
import { HardDriveDownload } from "lucide-react";
import { useState } from "react";
import type { GpuPackPart, GpuPackView } from "../../shared/contract/gpu-pack.ts";
import { t } from "../../shared/words/words.ts";
import { showBytes } from "../format/bytes.ts";
import { Card } from "../parts/card.tsx";
import { ConfirmDialog } from "../parts/controls/confirm-dialog.tsx";
import { KeptLine, KeptOutcome } from "../parts/kept-folder.tsx";
import { useBridge } from "../state/bridge-context.ts";
import { useEngine, usePage } from "../state/store.ts";
import { type CommandRunner, useCommand } from "../state/use-command.ts";
import { GpuPackProgress } from "./gpu-pack-progress.tsx";
import "./gpu-pack.css";

export function GpuPackCard() {
  const pack = useEngine((state) => state.gpuPack);
  const command = useCommand();
  if (pack === undefined || !pack.offered) return null;
  const { parts, doing } = pack;
  const missing = parts.filter(({ state }) => state === "missing");
  return (
    <Card
      title={t("gpus.pack.title")}
      aside={
        <span className="mono clip" title={pack.folder}>
          {pack.folder}
        </span>
      }
    >
      <p className="gpu-words">{missing.length > 0 ? t("gpus.pack.words") : t("gpus.pack.whole")}</p>
      <ul className="kept-lines pack-parts">
        {parts.map((part) => (
          <Part key={part.id} part={part} />
        ))}
      </ul>
      {doing === "installing" && <GpuPackProgress pack={pack} />}
      <KeptOutcome
        view={pack}
        refused={command.error}
        words={{
          allRight: t("gpus.pack.allRight"),
          wrong: (files) => t("gpus.pack.wrong", { files }),
          wrongHelp: t("gpus.pack.wrongHelp"),
        }}
      />
      <Actions pack={pack} command={command} />
    </Card>
  );
}

function Part({ part }: { part: GpuPackPart }) {
  const { name, version, licence, bytes, bytesOnDisk, state, file, needed } = part;
  const here = state !== "missing";
  const size = showBytes(here ? bytesOnDisk : bytes);
  return (
    <KeptLine here={here}>
      <span className="pack-name">
        {name} <span className="quiet">{version}</span>
      </span>
      <span className="quiet">{licence}</span>
      <span className="figures clip" title={file ?? undefined}>
        {t(`gpus.pack.state.${state}`, { size })}
        {needed === "later" && !here && <span className="quiet"> · {t("gpus.pack.later")}</span>}
      </span>
    </KeptLine>
  );
}

type Asking = "install" | "remove" | "discard";

function Actions({ pack, command }: { pack: GpuPackView; command: CommandRunner }) {
  const bridge = useBridge();
  const stale = usePage((page) => page.stale);
  const [asking, setAsking] = useState<Asking | null>(null);
  const { parts, doing } = pack;
  const missing = parts.filter(({ state }) => state === "missing");
  const kept = missing.reduce((sum, { bytesKept }) => sum + bytesKept, 0);
  const rest = missing.reduce((sum, { bytes }) => sum + bytes, 0) - kept;
  const ours = parts.filter(({ state }) => state === "pack");
  const blocked = stale || command.pending !== null;
  const close = () => setAsking(null);
  if (doing === "installing") {
    return (
      <div className="kept-actions">
        <button
          type="button"
          className="button"
          disabled={blocked}
          onClick={() => void command.run("gpuPack.cancel", {})}
        >
          {t("gpus.pack.stop")}
        </button>
      </div>
    );
  }
  const busy = doing !== "nothing";
  return (
    <div className="kept-actions">
      {missing.length > 0 && (
        <button
          type="button"
          className="button button-strong"
          disabled={blocked || busy}
          onClick={() => setAsking("install")}
        >
          <HardDriveDownload size={14} aria-hidden />
          {t(kept > 0 ? "gpus.pack.goOn" : "gpus.pack.install", { size: showBytes(rest) })}
        </button>
      )}
      {kept > 0 && (
        <button
          type="button"
          className="button"
          disabled={blocked || busy}
          onClick={() => setAsking("discard")}
        >
          {t("gpus.pack.discard", { size: showBytes(kept) })}
        </button>
      )}
      {ours.length > 0 && (
        <>
          <button
            type="button"
            className="button"
            disabled={blocked || busy}
            aria-busy={doing === "checking"}
            onClick={() => void command.run("gpuPack.verify", {})}
          >
            {t(doing === "checking" ? "gpus.pack.checking" : "gpus.pack.check")}
          </button>
          <button
            type="button"
            className="button button-plain"
            disabled={blocked || busy}
            onClick={() => setAsking("remove")}
          >
            {t("gpus.pack.remove")}
          </button>
        </>
      )}
      <ConfirmDialog
        open={asking === "install"}
        onClose={close}
        title={t("gpus.pack.ask.title", { size: showBytes(rest) })}
        words={t("gpus.pack.ask.words")}
        confirm={t("gpus.pack.ask.confirm")}
        onConfirm={() => bridge.invoke("gpuPack.install", { parts: missing.map(({ id }) => id) })}
      >
        <ul className="pack-licences">
          {missing.map((part) => (
            <li key={part.id}>
              <strong>
                {part.name} {part.version}
              </strong>{" "}
              <span className="figures">{showBytes(part.bytes)}</span>
              <div className="quiet">{part.licence}</div>
              {part.licenceUrl !== null && <div className="mono pack-url">{part.licenceUrl}</div>}
            </li>
          ))}
        </ul>
      </ConfirmDialog>
      <ConfirmDialog
        open={asking === "discard"}
        onClose={close}
        title={t("gpus.pack.discardAsk")}
        words={t("gpus.pack.discardWords", { size: showBytes(kept) })}
        confirm={t("gpus.pack.discard", { size: showBytes(kept) })}
        destructive
        onConfirm={() => bridge.invoke("gpuPack.cancel", { discard: true })}
      />
      <ConfirmDialog
        open={asking === "remove"}
        onClose={close}
        title={t("gpus.pack.removeAsk")}
        words={t("gpus.pack.removeWords", {
          size: showBytes(ours.reduce((sum, { bytesOnDisk }) => sum + bytesOnDisk, 0)),
        })}
        confirm={t("gpus.pack.remove")}
        destructive
        onConfirm={() => bridge.invoke("gpuPack.remove", {})}
      />
    </div>
  );
}
