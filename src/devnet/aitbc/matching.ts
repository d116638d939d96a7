/**
 * May this miner have this job? The constraints of a job against what a miner said of itself (protocols/aitbc.md §2.4).
 * Upstream also withholds a job from all but the best-reputed free miner; the devnet does not.
 */
import { isPyObject, type PyObject, type PyValue, pyNumber } from "../python-json.ts";
import type { Job } from "./jobs.ts";
import type { Miner } from "./miners.ts";

const MB_PER_GB = 1024;
/** Payments from here on need a provider bond; 10 AIT in e8. */
const BOND_THRESHOLD_E8 = 1_000_000_000;

/** Every constraint with upstream's default, in upstream's order: what a poll shows. */
export const NO_CONSTRAINTS = {
  gpu: null,
  cuda: null,
  min_vram_gb: null,
  models: null,
  region: null,
  max_price: null,
  zk_proof_required: false,
  tee_attestation_required: false,
  tee_enclave_id: null,
  min_reputation: null,
  auto_reinvest_pct: null,
  bond_required: false,
  min_bond_amount: null,
  confidential: false,
  required_enclave_measurement: null,
} as const satisfies PyObject;

/** Known members over the defaults; unknown ones are dropped. */
export function fullConstraints(given: PyObject): PyObject {
  return Object.fromEntries(
    Object.entries(NO_CONSTRAINTS).map(([name, fallback]) => [name, given[name] ?? fallback]),
  );
}

export function mayTake(job: Pick<Job, "constraints" | "amountE8">, miner: Miner): boolean {
  const wanted = job.constraints;
  const has = miner.capabilities;
  if (wanted.bond_required === true || (job.amountE8 ?? 0) >= BOND_THRESHOLD_E8) return false; // No bonds in the devnet.
  if (isText(wanted.region) && wanted.region !== miner.region) return false;
  if (isText(wanted.gpu) && !gpus(has).some((gpu) => gpu.name === wanted.gpu)) return false;
  const vram = pyNumber(wanted.min_vram_gb);
  if (vram !== null && !gpus(has).some((gpu) => (pyNumber(gpu.memory_mb) ?? 0) >= vram * MB_PER_GB))
    return false;
  if (isText(wanted.cuda) && !(isText(has.cuda) && has.cuda.includes(wanted.cuda))) return false;
  if (!strings(wanted.models).every((model) => strings(has.models).includes(model))) return false;
  if (!priceFits(decimal(wanted.max_price), decimal(has.price))) return false;
  const reputation = pyNumber(wanted.min_reputation);
  return reputation === null || reputationOf(miner) >= reputation;
}

/** Self-reported, else the share of completed jobs, else 0.5. */
export function reputationOf(miner: Miner): number {
  const claimed = pyNumber(miner.metadata.reputation_score) ?? pyNumber(miner.capabilities.reputation_score);
  if (claimed !== null) return claimed;
  const jobs = miner.jobsCompleted + miner.jobsFailed;
  return jobs === 0 ? 0.5 : miner.jobsCompleted / jobs;
}

/** A missing price fails every job that names a maximum. */
function priceFits(maximum: number | null, price: number | null): boolean {
  if (maximum === null) return true;
  return price !== null && maximum >= price;
}

function gpus(capabilities: PyObject): PyObject[] {
  const list = capabilities.gpus;
  return Array.isArray(list) ? list.filter(isPyObject) : [];
}

function strings(value: PyValue | undefined): string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === "string") : [];
}

function isText(value: PyValue | undefined): value is string {
  return typeof value === "string";
}

function decimal(value: PyValue | undefined): number | null {
  if (typeof value === "string" && value.trim() !== "" && Number.isFinite(Number(value)))
    return Number(value);
  return pyNumber(value);
}
