/** One line of a list of facts: what it is, and its value. */
import type { ReactNode } from "react";
import type { MoneyValue } from "../../shared/money.ts";
import { UNKNOWN } from "../format/reading.ts";
import { Amount } from "./amount.tsx";

interface FactProps {
  label: string;
  className?: string;
  children: ReactNode;
}

export function Fact({ label, className, children }: FactProps) {
  return (
    <div className={className}>
      <dt>{label}</dt>
      <dd>{children}</dd>
    </div>
  );
}

export function MoneyFact({ label, value }: { label: string; value: MoneyValue | null | undefined }) {
  return <Fact label={label}>{value == null ? UNKNOWN : <Amount value={value} />}</Fact>;
}
