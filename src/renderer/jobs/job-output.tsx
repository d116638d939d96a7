/** What was computed, while it is kept: read when somebody asks for it, shown, and handed out as files. */
import { Download, FileOutput } from "lucide-react";
import { useState } from "react";
import type { JobRow } from "../../shared/contract/views.ts";
import { MIB } from "../../shared/durations.ts";
import { type ErrorValue, toErrorValue } from "../../shared/errors.ts";
import type { TaskResult } from "../../shared/results.ts";
import { t } from "../../shared/words/words.ts";
import { showBytes } from "../format/bytes.ts";
import { CopyButton } from "../parts/copy-button.tsx";
import { ErrorNote } from "../parts/note.tsx";
import { saveFile, saveText } from "../parts/save-text.ts";
import { useBridge } from "../state/bridge-context.ts";
import { fileName, readOutput } from "./output-file.ts";
import { outputJson, outputPreview } from "./output-words.ts";

/** More than this is only handed out: as JSON it would be a hundred megabytes. */
const MOST_SHOWN = 8 * MIB;

interface Output {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** null: too big to be shown. */
  readonly result: TaskResult | null;
}

type JobName = Pick<JobRow, "market" | "leaseId">;

export function JobOutput({ job }: { job: JobName }) {
  const bridge = useBridge();
  const [reading, setReading] = useState(false);
  const [output, setOutput] = useState<Output | null>(null);
  const [error, setError] = useState<ErrorValue | null>(null);
  const read = async () => {
    setReading(true);
    setError(null);
    try {
      const bytes = await readOutput(bridge, job.leaseId);
      // What decodes it is needed here alone.
      const { decodeResult } = await import("../../shared/results.ts");
      setOutput({ bytes, result: bytes.length > MOST_SHOWN ? null : decodeResult(bytes) });
    } catch (thrown) {
      setError(toErrorValue(thrown));
    } finally {
      setReading(false);
    }
  };
  return (
    <div className="job-output">
      {output === null ? (
        <button type="button" className="button" disabled={reading} aria-busy={reading} onClick={read}>
          <FileOutput size={14} aria-hidden />
          {t(reading ? "jobs.output.reading" : "jobs.output.show")}
        </button>
      ) : (
        <Shown output={output} job={job} />
      )}
      {error !== null && <ErrorNote error={error} alert />}
    </div>
  );
}

function Shown({ output: { bytes, result }, job }: { output: Output; job: JobName }) {
  const text = result === null ? null : outputPreview(result);
  return (
    <>
      <div className="sheet-section-head">
        <h4>
          {t("jobs.output.title")} <span className="quiet figures">{showBytes(bytes.length)}</span>
        </h4>
        {text !== null && (
          <span className="sheet-actions">
            <CopyButton
              text={result?.kind === "generate" ? text : outputJson(result as TaskResult)}
              done={t("jobs.output.copied")}
            />
          </span>
        )}
      </div>
      {text === null ? (
        <p className="quiet">{t("jobs.output.tooBig", { size: showBytes(MOST_SHOWN) })}</p>
      ) : (
        <textarea
          className="receipt output mono"
          readOnly
          rows={Math.min(10, text.split("\n").length + 1)}
          value={text}
          aria-label={t("jobs.output.title")}
          spellCheck={false}
          // biome-ignore lint/a11y/noAutofocus: the button that was pressed is gone, and this is what it asked for.
          autoFocus
        />
      )}
      <div className="check-actions">
        {result !== null && (
          <button
            type="button"
            className="button"
            onClick={() => saveText(fileName("output", job, "json"), outputJson(result), "application/json")}
          >
            <Download size={14} aria-hidden />
            {t("jobs.output.saveJson")}
          </button>
        )}
        <button
          type="button"
          className="button"
          title={t("jobs.output.saveBytesHint")}
          onClick={() => saveFile(fileName("output", job, "cbor"), [bytes], "application/cbor")}
        >
          <Download size={14} aria-hidden />
          {t("jobs.output.saveBytes")}
        </button>
      </div>
    </>
  );
}
