/** Settings' part about the app itself: what version it is, what comes next, the way back, and its reports. */

import { Download, RotateCw, X } from "lucide-react";
import type { ReactNode } from "react";
import type { AppView, UpdateOffer, UpdatePhase, UpdatesView } from "../../shared/contract/app.ts";
import { unreachable } from "../../shared/errors.ts";
import { hearErrorLine } from "../../shared/words/hear-error.ts";
import { t } from "../../shared/words/words.ts";
import { showBytes } from "../format/bytes.ts";
import { Age } from "../parts/age.tsx";
import { Card } from "../parts/card.tsx";
import { Switch } from "../parts/controls/switch.tsx";
import { ErrorNote } from "../parts/note.tsx";
import { type AppRunner, useApp } from "../state/app-context.ts";
import { useBridge } from "../state/bridge-context.ts";
import { usePage } from "../state/store.ts";
import { RollBackButton } from "./roll-back.tsx";
import { Row } from "./row.tsx";
import { SegmentedRow, SwitchRow, TextRow } from "./setting-rows.tsx";
import "./updates-section.css";

export function UpdatesSection() {
  const app = usePage((page) => page.app);
  const { app: bridge } = useBridge();
  if (bridge === null) {
    return (
      <Card title={t("app.updates.title")}>
        <p className="settings-help">{t("app.updates.noApp")}</p>
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
      <Step
        label={t("app.updates.version")}
        help={
          updates.checkedAt === null ? (
            t("app.updates.never")
          ) : (
            <span>
              {t("app.updates.checked")} <Age at={updates.checkedAt} />
            </span>
          )
        }
      >
        <span className="mono">{updates.version}</span>
      </Step>
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
      return <Step label={t("app.updates.off")} help={hearErrorLine(phase.reason)} />;
    case "unasked":
      return <Step label={t("app.updates.unasked")}>{check}</Step>;
    case "none":
      return <Step label={t("app.updates.none")}>{check}</Step>;
    case "checking":
      return <Step label={t("app.updates.checking")} live />;
    case "held-back":
      return <Step label={t("app.updates.heldBack", { version: phase.offer.version })}>{check}</Step>;
    case "offered":
      return (
        <>
          <Step
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
          </Step>
          <Notes offer={phase.offer} />
        </>
      );
    case "downloading":
      return <Downloading phase={phase} runner={runner} />;
    case "interrupted":
      return <Interrupted phase={phase} runner={runner} />;
    case "ready":
      return (
        <>
          <Step
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
          </Step>
          <Notes offer={phase.offer} />
        </>
      );
    case "waiting":
      return (
        <Step label={waitingWords(phase)} live>
          <button
            type="button"
            className="button"
            disabled={pending !== null}
            onClick={() => void run("app.postponeUpdate", {})}
          >
            {t("app.updates.postpone")}
          </button>
        </Step>
      );
    case "installing":
      return <Step label={t("app.updates.installing", { version: phase.version })} live />;
    case "refused":
      return (
        <>
          <Step label={t("app.updates.refused")}>{check}</Step>
          <ErrorNote error={phase.error} />
        </>
      );
    case "failed":
      return (
        <>
          <Step label={t("app.updates.failed")}>{check}</Step>
          <ErrorNote error={phase.error} />
        </>
      );
    default:
      return unreachable(phase);
  }
}

/** None: the engine has not said yet that it takes no more. */
const waitingWords = ({ version, jobs }: Extract<UpdatePhase, { state: "waiting" }>): string =>
  jobs === 0 ? t("app.updates.installing", { version }) : t("app.updates.waiting", { version, count: jobs });

interface DownloadProps<S extends UpdatePhase["state"]> {
  readonly phase: Extract<UpdatePhase, { state: S }>;
  readonly runner: AppRunner;
}

function Downloading({ phase, runner }: DownloadProps<"downloading">) {
  const { offer, bytes, total } = phase;
  const label = t("app.updates.downloading", { version: offer.version });
  return (
    <Step label={label} help={`${showBytes(bytes)} / ${showBytes(total)}`}>
      <progress
        className="updates-progress"
        aria-label={label}
        {...(total === null ? {} : { max: total, value: Math.min(bytes, total) })}
      />
      {/* The download itself may be the command that is under way. */}
      <button
        type="button"
        className="button"
        disabled={runner.pending === "app.cancelDownload"}
        onClick={() => void runner.run("app.cancelDownload", {})}
      >
        <X size={14} aria-hidden />
        {t("app.updates.cancel")}
      </button>
    </Step>
  );
}

function Interrupted({ phase, runner }: DownloadProps<"interrupted">) {
  const { offer, bytes, total, error } = phase;
  return (
    <>
      <Step
        label={t("app.updates.interrupted", { version: offer.version })}
        help={t("app.updates.kept", { bytes: showBytes(bytes), total: showBytes(total) })}
        live
      >
        <button
          type="button"
          className="button"
          disabled={runner.pending !== null}
          onClick={() => void runner.run("app.downloadUpdate", {})}
        >
          <Download size={14} aria-hidden />
          {t("app.updates.goOn")}
        </button>
      </Step>
      <ErrorNote error={error} />
    </>
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
  const { previous } = updates;
  if (previous === null) {
    return <Step label={t("app.updates.previous")} help={t("app.updates.noPrevious")} />;
  }
  const { version } = previous;
  return (
    <Step
      label={t("app.updates.previous")}
      help={
        <>
          {t("app.updates.previousHelp", { version })}
          <Age at={previous.keptAt} />
        </>
      }
    >
      <RollBackButton previous={previous} disabled={runner.pending !== null} />
    </Step>
  );
}

function UpdateSettings() {
  return (
    <>
      <SwitchRow name="updates.automatic" label={t("app.updates.auto")} help={t("app.updates.autoHelp")} />
      <SegmentedRow
        name="updates.channel"
        label={t("app.updates.channel")}
        help={t("app.updates.channelHelp")}
        options={(["latest", "beta"] as const).map((value) => ({
          value,
          label: t(`app.updates.channels.${value}`),
        }))}
      />
      <TextRow
        name="updates.feed_url"
        label={t("app.updates.feed")}
        help={t("app.updates.feedHelp")}
        placeholder="https://"
      />
    </>
  );
}

function AppCard({ app }: { app: AppView }) {
  const { run, pending, error } = useApp();
  const { login, crashReports } = app;
  const { count, newestAt } = crashReports;
  return (
    <Card title={t("app.system.title")}>
      <Step
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
      </Step>
      <SegmentedRow
        name="work.start_as"
        label={t("app.system.startAs")}
        help={t("app.system.startAsHelp")}
        unsaid="as-left"
        options={(["as-left", "running"] as const).map((value) => ({
          value,
          label: t(`app.system.startAsChoices.${value}`),
        }))}
      />
      <Step
        label={t("app.system.crashes")}
        help={
          count === 0 ? (
            t("app.system.crashesNone")
          ) : (
            <>
              {t("app.system.crashes", { count })}
              <Age at={newestAt} />
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
      </Step>
      {error !== null && <ErrorNote error={error} alert />}
    </Card>
  );
}

/** One thing that can be done, not a setting. `live`: said aloud when it changes. */
function Step({ label, help, live = false, children }: StepProps) {
  return (
    <div className="updates-step" role={live ? "status" : undefined}>
      <Row label={label} help={help}>
        {() => children}
      </Row>
    </div>
  );
}

interface StepProps {
  readonly label: string;
  readonly help?: ReactNode;
  readonly live?: boolean;
  readonly children?: ReactNode;
}

const sizeOf = (offer: UpdateOffer): ReactNode => (offer.bytes === null ? undefined : showBytes(offer.bytes));
