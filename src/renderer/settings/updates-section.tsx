/** Settings' part about the app itself: what version it is, what comes next, the way back, and its reports. */
import { Download, RotateCcw, RotateCw } from "lucide-react";
import { type ReactNode, useState } from "react";
import type { AppView, UpdateOffer, UpdatePhase, UpdatesView } from "../../shared/contract/app.ts";
import type { SettingPatch, SettingView } from "../../shared/contract/settings.ts";
import { type ErrorValue, toErrorValue, unreachable } from "../../shared/errors.ts";
import { t } from "../../shared/words/words.ts";
import { showBytes } from "../format/bytes.ts";
import { Age } from "../parts/age.tsx";
import { Card } from "../parts/card.tsx";
import { ConfirmDialog } from "../parts/controls/confirm-dialog.tsx";
import { Segmented } from "../parts/controls/segmented.tsx";
import { Switch } from "../parts/controls/switch.tsx";
import { TextField } from "../parts/controls/text-field.tsx";
import { ErrorNote } from "../parts/note.tsx";
import { type AppRunner, useApp } from "../state/app-context.ts";
import { useBridge } from "../state/bridge-context.ts";
import { useEngine, usePage } from "../state/store.ts";
import "./updates-section.css";

export function UpdatesSection() {
  const app = usePage((page) => page.app);
  const { app: bridge } = useBridge();
  if (bridge === null) {
    return (
      <Card title={t("app.updates.title")}>
        <p className="updates-quiet">{t("app.updates.noApp")}</p>
      </Card>
    );
  }
  // Main answers within milliseconds; there is nothing to show before.
  if (app === null) return null;
  return (
    <>
      <UpdatesCard updates={app.updates} />
      <AppCard app={app} />
    </>
  );
}

function UpdatesCard({ updates }: { updates: UpdatesView }) {
  const runner = useApp();
  return (
    <Card title={t("app.updates.title")} aside={t("app.updates.aside")}>
      <Row
        label={t("app.updates.version")}
        help={
          updates.checkedAt === null ? (
            t("app.updates.never")
          ) : (
            <>
              {t("app.updates.checked")} <Age at={updates.checkedAt} />
            </>
          )
        }
      >
        <span className="mono">{updates.version}</span>
      </Row>
      <Phase updates={updates} runner={runner} />
      {runner.error !== null && <ErrorNote error={runner.error} alert />}
      <Previous updates={updates} runner={runner} />
      <UpdateSettings />
    </Card>
  );
}

function Phase({ updates, runner }: { updates: UpdatesView; runner: AppRunner }) {
  const { phase } = updates;
  const { run, pending } = runner;
  const check = (
    <button
      type="button"
      className="button"
      disabled={pending !== null}
      onClick={() => void run("app.checkForUpdate", {})}
    >
      <RotateCw size={14} aria-hidden />
      {t("app.updates.check")}
    </button>
  );
  switch (phase.state) {
    case "off":
      return <Row label={t("app.updates.off")} help={`${phase.reason.message}.`} />;
    case "unasked":
      return <Row label={t("app.updates.unasked")}>{check}</Row>;
    case "none":
      return <Row label={t("app.updates.none")}>{check}</Row>;
    case "checking":
      return <Row label={t("app.updates.checking")} live />;
    case "held-back":
      return <Row label={t("app.updates.heldBack", { version: phase.offer.version })}>{check}</Row>;
    case "offered":
      return (
        <>
          <Row
            label={t("app.updates.offered", { version: phase.offer.version })}
            help={sizeOf(phase.offer)}
            live
          >
            <button
              type="button"
              className="button"
              disabled={pending !== null}
              onClick={() => void run("app.downloadUpdate", {})}
            >
              <Download size={14} aria-hidden />
              {t("app.updates.download")}
            </button>
          </Row>
          <Notes offer={phase.offer} />
        </>
      );
    case "downloading":
      return <Downloading phase={phase} />;
    case "ready":
      return (
        <>
          <Row
            label={t("app.updates.ready", { version: phase.offer.version })}
            help={t("app.updates.installHelp")}
            live
          >
            <button
              type="button"
              className="button button-strong"
              disabled={pending !== null}
              onClick={() => void run("app.installUpdate", {})}
            >
              {t("app.updates.install")}
            </button>
          </Row>
          <Notes offer={phase.offer} />
        </>
      );
    case "waiting":
      return (
        <Row label={t("app.updates.waiting", { version: phase.version, count: phase.jobs })} live>
          <button
            type="button"
            className="button"
            disabled={pending !== null}
            onClick={() => void run("app.postponeUpdate", {})}
          >
            {t("app.updates.postpone")}
          </button>
        </Row>
      );
    case "installing":
      return <Row label={t("app.updates.installing", { version: phase.version })} live />;
    case "refused":
      return (
        <>
          <Row label={t("app.updates.refused")}>{check}</Row>
          <ErrorNote error={phase.error} />
        </>
      );
    case "failed":
      return (
        <>
          <Row label={t("app.updates.failed")}>{check}</Row>
          <ErrorNote error={phase.error} />
        </>
      );
    default:
      return unreachable(phase);
  }
}

function Downloading({ phase }: { phase: Extract<UpdatePhase, { state: "downloading" }> }) {
  const { offer, bytes, total } = phase;
  const label = t("app.updates.downloading", { version: offer.version });
  return (
    <Row label={label} help={`${showBytes(bytes)} / ${showBytes(total)}`}>
      <progress
        className="updates-progress"
        aria-label={label}
        {...(total === null ? {} : { max: total, value: Math.min(bytes, total) })}
      />
    </Row>
  );
}

function Notes({ offer }: { offer: UpdateOffer }) {
  return (
    <details className="updates-notes">
      <summary>{t("app.updates.notes", { version: offer.version })}</summary>
      {/* Text, never markup: it comes from a server. */}
      <p>{offer.notes ?? t("app.updates.noNotes")}</p>
    </details>
  );
}

function Previous({ updates, runner }: { updates: UpdatesView; runner: AppRunner }) {
  const [asking, setAsking] = useState(false);
  const { app } = useBridge();
  const { previous } = updates;
  if (previous === null) {
    return <Row label={t("app.updates.previous")} help={t("app.updates.noPrevious")} />;
  }
  const { version } = previous;
  return (
    <Row
      label={t("app.updates.previous")}
      help={
        <>
          {t("app.updates.previousHelp", { version })} <Age at={previous.keptAt} />
        </>
      }
    >
      <button
        type="button"
        className="button"
        disabled={runner.pending !== null}
        onClick={() => setAsking(true)}
      >
        <RotateCcw size={14} aria-hidden />
        {t("app.updates.rollBack", { version })}
      </button>
      <ConfirmDialog
        open={asking}
        onClose={() => setAsking(false)}
        title={t("app.updates.rollBackTitle", { version })}
        words={t("app.updates.rollBackText", { version })}
        confirm={t("app.updates.rollBackYes")}
        onConfirm={async () => app?.invoke("app.rollBack", {})}
      />
    </Row>
  );
}

function UpdateSettings() {
  const values = useEngine((state) => state.settings.values);
  const { set, error } = useSettings();
  const channel = values["updates.channel"];
  const automatic = values["updates.automatic"];
  const feed = values["updates.feed_url"];
  return (
    <>
      <Row label={t("app.updates.auto")} help={t("app.updates.autoHelp")}>
        <Switch
          label={t("app.updates.auto")}
          checked={(automatic.value ?? automatic.fallback) === true}
          disabled={isFixed(automatic)}
          onChange={(checked) => void set({ "updates.automatic": checked })}
        />
      </Row>
      <Row label={t("app.updates.channel")} help={t("app.updates.channelHelp")}>
        <Segmented
          label={t("app.updates.channel")}
          value={(channel.value ?? channel.fallback) === "beta" ? "beta" : "stable"}
          options={[
            { value: "stable", label: t("app.updates.channels.stable") },
            { value: "beta", label: t("app.updates.channels.beta") },
          ]}
          disabled={isFixed(channel)}
          onChange={(next) => void set({ "updates.channel": next })}
        />
      </Row>
      <Row label={t("app.updates.feed")} help={t("app.updates.feedHelp")}>
        <TextField
          label={t("app.updates.feed")}
          type="url"
          value={typeof feed.value === "string" ? feed.value : ""}
          disabled={isFixed(feed)}
          onCommit={(url) => void set({ "updates.feed_url": url.trim() === "" ? null : url.trim() })}
        />
      </Row>
      {error !== null && <ErrorNote error={error} alert />}
    </>
  );
}

/** Set where the app can't change it: the file, the environment, a flag. */
const isFixed = ({ source }: SettingView): boolean => source.kind !== "saved" && source.kind !== "default";

function useSettings() {
  const bridge = useBridge();
  const [error, setError] = useState<ErrorValue | null>(null);
  const set = async (patch: SettingPatch) => {
    setError(null);
    await bridge.invoke("settings.set", { patch }).catch((thrown: unknown) => setError(toErrorValue(thrown)));
  };
  return { set, error };
}

function AppCard({ app }: { app: AppView }) {
  const { run, pending, error } = useApp();
  const { login, crashReports } = app;
  const { count, newestAt } = crashReports;
  return (
    <Card title={t("app.system.title")}>
      <Row
        label={t("app.system.login")}
        help={
          login.impossible ?? t(login.enabled === null ? "app.system.loginUnknown" : "app.system.loginHelp")
        }
      >
        <Switch
          label={t("app.system.login")}
          checked={login.enabled === true}
          disabled={login.impossible !== null || pending !== null}
          onChange={(enabled) => void run("app.setStartAtLogin", { enabled })}
        />
      </Row>
      <Row
        label={t("app.system.crashes")}
        help={
          count === 0 ? (
            t("app.system.crashesNone")
          ) : (
            <>
              {t("app.system.crashes", { count })} <Age at={newestAt} />
            </>
          )
        }
      >
        {count > 0 && (
          <button
            type="button"
            className="button"
            disabled={pending !== null}
            onClick={() => void run("app.openCrashReports", {})}
          >
            {t("app.system.openFolder")}
          </button>
        )}
      </Row>
      {error !== null && <ErrorNote error={error} alert />}
    </Card>
  );
}

interface RowProps {
  readonly label: string;
  readonly help?: ReactNode;
  /** Said aloud when it changes. */
  readonly live?: boolean;
  readonly children?: ReactNode;
}

function Row({ label, help, live = false, children }: RowProps) {
  return (
    <div className="updates-row">
      <div className="updates-words" role={live ? "status" : undefined}>
        <div>{label}</div>
        {help !== undefined && <div className="updates-help">{help}</div>}
      </div>
      {children !== undefined && children !== false && <div className="updates-control">{children}</div>}
    </div>
  );
}

const sizeOf = (offer: UpdateOffer): ReactNode => (offer.bytes === null ? undefined : showBytes(offer.bytes));
