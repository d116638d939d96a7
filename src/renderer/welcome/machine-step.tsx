/** What was found in this machine, and a job with a known answer run on it before one's eyes. */

import { CircleCheck, CircleX, Cpu, FlaskConical, Gpu, HelpCircle, LoaderCircle } from "lucide-react";
import type { SelfTestReport } from "../../shared/contract/self-test.ts";
import type { DeviceView } from "../../shared/contract/views.ts";
import { hear } from "../../shared/words/hear.ts";
import { asSentence } from "../../shared/words/sentence.ts";
import { t } from "../../shared/words/words.ts";
import { showRate } from "../format/reading.ts";
import { verdictHelp, verdictWords } from "../gpus/device-look.ts";
import { ErrorNote, Note } from "../parts/note.tsx";
import { StatusWord } from "../parts/status-word.tsx";
import { useEngine, usePage } from "../state/store.ts";
import { useDeviceWatch } from "../state/use-device-watch.ts";
import { Continue, Foot, type StepProps } from "./foot.tsx";
import { isUsable, plainVerdict } from "./plain-verdict.ts";
import { TestPicture } from "./test-picture.tsx";
import { type SelfTests, useSelfTests } from "./use-self-tests.ts";
import { useTestSamples } from "./use-test-samples.ts";

export function MachineStep({ walk }: StepProps) {
  useDeviceWatch();
  const devices = useEngine((state) => state.devices);
  const stale = usePage((page) => page.stale);
  const tests = useSelfTests();
  const { running, error, test } = tests;
  const tested = devices.some((device) => tests.reports.has(device.id) || device.lastSelfTest);
  return (
    <>
      {devices.length === 0 && <Note tone="warn">{t("welcome.machine.none")}</Note>}
      <ul className="welcome-devices">
        {devices.map((device) => (
          <Device
            key={device.id}
            device={device}
            hasGpu={devices.some(({ kind }) => kind === "gpu")}
            tests={tests}
          />
        ))}
      </ul>
      {error !== null && <ErrorNote error={error} alert />}
      <p className="visually-hidden" role="status">
        {running ? t("welcome.machine.testing") : tested ? t("welcome.machine.tested") : ""}
      </p>
      <Foot walk={walk}>
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
        <Continue onClick={() => walk.go("markets")} />
      </Foot>
    </>
  );
}

function Device({ device, hasGpu, tests }: { device: DeviceView; hasGpu: boolean; tests: SelfTests }) {
  const Icon = device.kind === "cpu" ? Cpu : Gpu;
  const { verdict } = device;
  const usable = isUsable(device);
  const words = verdict === undefined ? device.stateReason : verdictWords(verdict);
  const help = verdict === undefined ? null : verdictHelp(verdict);
  // What a person has to do stands in sight; for the processor it is about a GPU that may not be there.
  const helpInSight = help !== null && device.kind === "gpu";
  const report = tests.reports.get(device.id);
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
        <p>{t(`welcome.machine.plain.${plainVerdict(device, hasGpu)}`)}</p>
        {helpInSight && <p className="quiet">{asSentence(help)}</p>}
        {usable && <Test device={device} report={report} running={tests.running} />}
        <Details words={words} help={helpInSight ? null : help} report={report} />
      </div>
    </li>
  );
}

function Test(props: { device: DeviceView; report: SelfTestReport | undefined; running: boolean }) {
  const { device, report, running } = props;
  const seen = useTestSamples(device);
  const isRunning = device.selfTest !== undefined;
  return (
    <>
      <Outcome device={device} report={report} running={isRunning} waiting={running && !isRunning} />
      {seen !== null && (
        <TestPicture
          samples={seen.samples}
          steps={isRunning ? seen.steps : (report?.steps ?? seen.steps)}
          running={isRunning}
          result={isRunning ? null : (report?.textsPerSecond ?? null)}
        />
      )}
    </>
  );
}

function Outcome(props: {
  device: DeviceView;
  report: SelfTestReport | undefined;
  running: boolean;
  /** Another device's turn. */
  waiting: boolean;
}) {
  const { device, report, running, waiting } = props;
  const last = report ?? device.lastSelfTest ?? null;
  if (running)
    return (
      <p className="status-word tone-info">
        <LoaderCircle size={14} className="spin" aria-hidden />
        {t("welcome.machine.testing")}
      </p>
    );
  if (last === null)
    return (
      <p className="status-word tone-muted">
        <HelpCircle size={14} aria-hidden />
        {t(waiting ? "welcome.machine.itsTurn" : "welcome.machine.notTested")}
      </p>
    );
  if (!last.ok)
    return (
      <>
        <p className="status-word tone-bad">
          <CircleX size={14} aria-hidden />
          {t("welcome.machine.failed")}
        </p>
        <p className="quiet">{asSentence(hear(last.summary, last.said))}</p>
      </>
    );
  const pace = report?.textsPerSecond ?? null;
  return (
    <p className="status-word tone-ok">
      <CircleCheck size={14} aria-hidden />
      {pace === null ? t("welcome.machine.passed") : t("welcome.machine.passedAt", { pace: showRate(pace) })}
    </p>
  );
}

/** For who wants to know exactly: the driver's words, libraries, and what each part of the test found. */
function Details(props: { words: string | null; help: string | null; report: SelfTestReport | undefined }) {
  const { words, help, report } = props;
  if (words === null && help === null && report === undefined) return null;
  return (
    <details className="welcome-details">
      <summary>{t("welcome.details")}</summary>
      {words !== null && <p>{asSentence(words)}</p>}
      {help !== null && <p>{asSentence(help)}</p>}
      {report !== undefined && (
        <ul>
          {report.steps.map((step) => (
            <li key={step.name}>{asSentence(step.detail)}</li>
          ))}
        </ul>
      )}
    </details>
  );
}
