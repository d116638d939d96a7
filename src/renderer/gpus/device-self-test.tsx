/** A known answer, computed on the device when somebody asks: right, how fast, how hot. */

import { CircleCheck, CircleHelp, CircleX } from "lucide-react";
import { useState } from "react";
import type { SelfTestReport, SelfTestStep } from "../../shared/contract/self-test.ts";
import type { DeviceView } from "../../shared/contract/views.ts";
import { hear } from "../../shared/words/hear.ts";
import { asSentence } from "../../shared/words/sentence.ts";
import { t } from "../../shared/words/words.ts";
import { Age } from "../parts/age.tsx";
import { ErrorNote } from "../parts/note.tsx";
import { usePage } from "../state/store.ts";
import { useCommand } from "../state/use-command.ts";
import { shownSteps } from "./device-kind.ts";

export function DeviceSelfTest({ device }: { device: DeviceView }) {
  const { id, name, lastSelfTest = null, paused, state } = device;
  const command = useCommand();
  const stale = usePage((page) => page.stale);
  const [report, setReport] = useState<SelfTestReport | null>(null);
  const running = command.pending !== null;
  const run = async () => {
    setReport(null);
    const answer = await command.run("selftest.run", { device: id });
    setReport(answer?.reports.find((each) => each.device.id === id) ?? null);
  };
  return (
    <section className="gpu-part" aria-label={`${t("gpus.test.title")}: ${name}`}>
      <h3>{t("gpus.test.title")}</h3>
      <p role="status" className="gpu-test-state">
        {running ? (
          t("gpus.test.running")
        ) : lastSelfTest === null ? (
          t("gpus.test.never")
        ) : (
          <>
            <span className={`status-word ${lastSelfTest.ok ? "tone-ok" : "tone-bad"}`}>
              {lastSelfTest.ok ? <CircleCheck size={14} aria-hidden /> : <CircleX size={14} aria-hidden />}
              {t(lastSelfTest.ok ? "gpus.test.passed" : "gpus.test.failed")}
            </span>{" "}
            <Age at={lastSelfTest.at} className="quiet" />
          </>
        )}
      </p>
      {report === null && lastSelfTest !== null && !running && (
        <p className="quiet gpu-words">
          {capitalised(asSentence(hear(lastSelfTest.summary, lastSelfTest.said)))}
        </p>
      )}
      {report !== null && <Steps steps={shownSteps(device, report.steps)} />}
      <p className="quiet gpu-words">{paused === null ? t("gpus.test.takes") : t("gpus.test.paused")}</p>
      {command.error !== null && <ErrorNote error={command.error} alert />}
      <button
        type="button"
        className="button"
        disabled={stale || running || paused !== null || state === "failed"}
        aria-busy={running}
        onClick={() => void run()}
      >
        {t("gpus.test.run")}
      </button>
    </section>
  );
}

const capitalised = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

function Steps({ steps }: { steps: readonly SelfTestStep[] }) {
  return (
    <ul className="gpu-steps">
      {steps.map(({ name, ok, detail, said }) => {
        const Icon = ok === null ? CircleHelp : ok ? CircleCheck : CircleX;
        const word = t(ok === null ? "gpus.test.stepUnknown" : ok ? "gpus.test.stepOk" : "gpus.test.stepBad");
        return (
          <li key={name}>
            <span className={`status-word ${ok === null ? "tone-muted" : ok ? "tone-ok" : "tone-bad"}`}>
              <Icon size={14} aria-label={word} />
              {t(`gpus.test.step.${name}`)}
            </span>
            <span className="quiet">{hear(detail, said)}</span>
          </li>
        );
      })}
    </ul>
  );
}
