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
  /** In a row that opens by itself: only the sign behind it copies. */
  inRow?: boolean;
}

export function Digest({ value, what, whole = false, inRow = false }: DigestProps) {
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
  const Sign = copied ? Check : Copy;
  if (inRow)
    return (
      <span className={`digest-cell ${copied ? "digest-copied" : ""}`}>
        <span className="digest-short">{shortDigest(value)}</span>
        <span className="digest-said" role="status">
          {copied ? t("shell.copied") : ""}
        </span>
        <button
          type="button"
          className="digest-copy"
          title={t("shell.copyValue", { what, value })}
          aria-label={t("shell.copyValue", { what, value: shortDigest(value) })}
          onClick={copy}
        >
          <Sign size={12} aria-hidden />
        </button>
      </span>
    );
  return (
    <button
      type="button"
      className={`digest ${whole ? "digest-whole" : ""} ${copied ? "digest-copied" : ""}`}
      title={whole ? t("shell.copy", { what }) : t("shell.copyValue", { what, value })}
      aria-label={t("shell.copyValue", { what, value: whole ? value : shortDigest(value) })}
      onClick={copy}
    >
      <span>{whole ? value : shortDigest(value)}</span>
      <Sign size={12} className="digest-icon" aria-hidden />
      <span className="visually-hidden" role="status">
        {copied ? t("shell.copied") : ""}
      </span>
    </button>
  );
}
