/** What was found in this machine, and a job with a known answer run on it. */
import { CircleCheck, CircleX, Cpu, FlaskConical, HelpCircle, LoaderCircle, Microchip } from "lucide-react";
import { useState } from "react";
import type { SelfTestReport } from "../../shared/contract/self-test.ts";
import type { DeviceView } from "../../shared/contract/views.ts";
import { type ErrorValue, toErrorValue } from "../../shared/errors.ts";
import { t } from "../../shared/words/words.ts";
import { asSentence } from "../format/sentence.ts";
import { verdictHelp, verdictWords } from "../gpus/device-look.ts";
import { ErrorNote, Note } from "../parts/note.tsx";
import { StatusWord } from "../parts/status-word.tsx";
import { useBridge } from "../state/bridge-context.ts";
import { useEngine, usePage } from "../state/store.ts";

export function MachineStep() {
  const devices = useEngine((state) => state.devices);
  const stale = usePage((page) => page.stale);
  const { reports, running, error, test } = useSelfTests();
  const tested = devices.some((device) => reports.has(device.id) || device.lastSelfTest);
  return (
    <>
      {devices.length === 0 && <Note tone="warn">{t("welcome.machine.none")}</Note>}
      <ul className="welcome-devices">
        {devices.map((device) => (
          <Device key={device.id} device={device} report={reports.get(device.id)} running={running} />
        ))}
      </ul>
      {devices.every(({ kind }) => kind === "cpu") && devices.length > 0 && (
        <Note tone="info">{t("welcome.machine.cpuOnly")}</Note>
      )}
      <div className="welcome-row">
        <button
          type="button"
          className="button"
          disabled={running || stale}
          aria-busy={running}
          onClick={test}
        >
          <FlaskConical size={14} aria-hidden />
          {t(tested ? "welcome.machine.testAgain" : "welcome.machine.test")}
        </button>
        <span className="quiet" role="status">
          {running ? t("welcome.machine.testing") : ""}
        </span>
      </div>
      {error !== null && <ErrorNote error={error} alert />}
    </>
  );
}

function Device(props: { device: DeviceView; report: SelfTestReport | undefined; running: boolean }) {
  const { device, report, running } = props;
  const Icon = device.kind === "cpu" ? Cpu : Microchip;
  const { verdict } = device;
  const usable = verdict?.usable ?? device.state !== "failed";
  const words = verdict === undefined ? device.stateReason : verdictWords(verdict);
  const help = verdict === undefined ? null : verdictHelp(verdict);
  return (
    <li className="welcome-device">
      <Icon size={20} strokeWidth={1.7} aria-hidden />
      <div className="welcome-device-words">
        <div className="welcome-device-head">
          <h2>{device.name}</h2>
          <StatusWord
            look={
              usable
                ? { icon: CircleCheck, word: t("welcome.machine.usable"), tone: "ok" }
                : { icon: CircleX, word: t("welcome.machine.unusable"), tone: "bad" }
            }
          />
        </div>
        {words !== null && <p className="quiet">{asSentence(words)}</p>}
        {help !== null && <p className="quiet">{asSentence(help)}</p>}
        {usable && <TestResult device={device} report={report} running={running} />}
      </div>
    </li>
  );
}

function TestResult(props: { device: DeviceView; report: SelfTestReport | undefined; running: boolean }) {
  const { device, report, running } = props;
  if (running) {
    return (
      <p className="status-word tone-info">
        <LoaderCircle size={14} className="spin" aria-hidden />
        {t("welcome.machine.testing")}
      </p>
    );
  }
  const last = report ?? device.lastSelfTest ?? null;
  if (last === null) {
    return (
      <p className="status-word tone-muted">
        <HelpCircle size={14} aria-hidden />
        {t("welcome.machine.notTested")}
      </p>
    );
  }
  return (
    <>
      <p className={`status-word ${last.ok ? "tone-ok" : "tone-bad"}`}>
        {last.ok ? <CircleCheck size={14} aria-hidden /> : <CircleX size={14} aria-hidden />}
        {t(last.ok ? "welcome.machine.passed" : "welcome.machine.failed")}
      </p>
      <p className="quiet">{asSentence(last.summary)}</p>
      {report !== undefined && (
        <ul className="welcome-test">
          {report.steps.map((step) => (
            <li key={step.name}>{asSentence(step.detail)}</li>
          ))}
        </ul>
      )}
    </>
  );
}

function useSelfTests() {
  const bridge = useBridge();
  const [reports, setReports] = useState<ReadonlyMap<string, SelfTestReport>>(new Map());
  const [running, setRunning] = useState(false);
  const [error, setError] = useState<ErrorValue | null>(null);
  const test = () => {
    setRunning(true);
    setError(null);
    bridge
      .invoke("selftest.run", {})
      .then(
        (answer) => setReports(new Map(answer.reports.map((report) => [report.device.id, report]))),
        (thrown: unknown) => setError(toErrorValue(thrown)),
      )
      .finally(() => setRunning(false));
  };
  return { reports, running, error, test };
}
