/** Lines that stand for a text or a list on its way. */
interface LinesSkeletonProps {
  /** What is being read, for who can't see it. */
  readonly label: string;
  /** Of each line, in per cent; all different. */
  readonly widths: readonly number[];
}

export function LinesSkeleton({ label, widths }: LinesSkeletonProps) {
  return (
    <div className="lines-skeleton" role="status" aria-label={label}>
      {widths.map((width) => (
        <div key={width} className="skeleton" style={{ width: `${width}%`, height: 14 }} />
      ))}
    </div>
  );
}
