/** Copies a text and says that it did, to eye and ear. */
import { Check, Copy } from "lucide-react";
import { useEffect, useState } from "react";
import { SECOND } from "../../shared/durations.ts";
import { t } from "../../shared/words/words.ts";
import { copyText } from "./copy.ts";

const SAID_FOR = 1.6 * SECOND;

interface CopyButtonProps {
  readonly text: string;
  /** What is said once it is done: "The receipt is copied". */
  readonly done: string;
}

export function CopyButton({ text, done }: CopyButtonProps) {
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return;
    const timer = setTimeout(() => setCopied(false), SAID_FOR);
    return () => clearTimeout(timer);
  }, [copied]);
  return (
    <>
      <button
        type="button"
        className="button button-plain"
        onClick={() => {
          copyText(text).then(setCopied, () => setCopied(false));
        }}
      >
        {copied ? <Check size={14} aria-hidden /> : <Copy size={14} aria-hidden />}
        {t(copied ? "jobs.panel.copied" : "jobs.panel.copy")}
      </button>
      <span className="visually-hidden" role="status">
        {copied ? done : ""}
      </span>
    </>
  );
}
