/** How far an install is. */
import "./install-progress.css";

interface InstallProgressProps {
  readonly label: string;
  /** 0 to 100; null: nobody tells. */
  readonly percent: number | null;
  readonly amount: string;
  /** What is done at the moment. */
  readonly step: string | null;
}

export function InstallProgress({ label, percent, amount, step }: InstallProgressProps) {
  return (
    <div className="install-progress">
      <div
        className="install-bar"
        role="progressbar"
        aria-label={label}
        aria-valuemin={0}
        aria-valuemax={100}
        {...(percent === null ? {} : { "aria-valuenow": percent })}
        aria-valuetext={amount}
      >
        <span style={{ width: `${percent ?? 0}%` }} />
      </div>
      <p className="quiet figures">
        {percent !== null && <span>{percent} %</span>}
        <span>{amount}</span>
        {step !== null && <span>{step}</span>}
      </p>
    </div>
  );
}
