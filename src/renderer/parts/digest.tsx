/** A digest or id in mono: short for the eye, whole for the clipboard. */

import { Check, Copy } from "lucide-react";
import { useEffect, useState } from "react";
import { SECOND } from "../../shared/durations.ts";
import { t } from "../../shared/words/words.ts";
import { shortDigest, UNKNOWN } from "../format/reading.ts";
import { copyText } from "./copy.ts";

interface DigestProps {
  value: string | null;
  /** What it is, for the button's name: "digest", "provider id". */
  what: string;
  /** Show it whole, over several lines. */
  whole?: boolean;
}

export function Digest({ value, what, whole = false }: DigestProps) {
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return;
    const timer = setTimeout(() => setCopied(false), 1.6 * SECOND);
    return () => clearTimeout(timer);
  }, [copied]);

  if (value === null) return <span className="quiet">{UNKNOWN}</span>;
  const copy = () => {
    copyText(value).then(setCopied, () => setCopied(false));
  };
  return (
    <button
      type="button"
      className={`digest ${whole ? "digest-whole" : ""} ${copied ? "digest-copied" : ""}`}
      title={whole ? t("shell.copy", { what }) : t("shell.copyValue", { what, value })}
      aria-label={t("shell.copyValue", { what, value: whole ? value : shortDigest(value) })}
      onClick={copy}
    >
      <span>{whole ? value : shortDigest(value)}</span>
      {copied ? (
        <Check size={12} className="digest-icon" aria-hidden />
      ) : (
        <Copy size={12} className="digest-icon" aria-hidden />
      )}
      <span className="visually-hidden" role="status">
        {copied ? t("shell.copied") : ""}
      </span>
    </button>
  );
}
