/** What a person types elsewhere, over as many lines as it takes, with a button that copies it. */
import { Check, Copy } from "lucide-react";
import { useEffect, useState } from "react";
import { SECOND } from "../../shared/durations.ts";
import { t } from "../../shared/words/words.ts";
import { copyText } from "../parts/copy.ts";

export function CommandLine({ text, what }: { text: string; what: string }) {
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return;
    const timer = setTimeout(() => setCopied(false), 1.6 * SECOND);
    return () => clearTimeout(timer);
  }, [copied]);
  const Icon = copied ? Check : Copy;
  return (
    <div className="command-line">
      <pre className="mono">
        <code>{text}</code>
      </pre>
      <button
        type="button"
        className="button button-plain"
        aria-label={`${t("fleet.empty.copy")}: ${what}`}
        onClick={() => {
          copyText(text).then(setCopied, () => setCopied(false));
        }}
      >
        <Icon size={14} aria-hidden />
        {t(copied ? "fleet.empty.copied" : "fleet.empty.copy")}
      </button>
      <span className="visually-hidden" role="status">
        {copied ? t("fleet.empty.copied") : ""}
      </span>
    </div>
  );
}
