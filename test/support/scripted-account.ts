/** The contract's commands about key, account and service, answered from facts that a test can see and change. */
import type { ContractHandlers } from "../../src/shared/contract/contract.ts";
import type { IdentityStatus } from "../../src/shared/contract/identity.ts";
import type { ServiceLevel } from "../../src/shared/contract/service-level.ts";
import type { MarketTerms } from "../../src/shared/contract/terms.ts";
import type { JobVerified } from "../../src/shared/contract/verify.ts";
import type { ProviderBalance, ProviderStanding } from "../../src/shared/contract/views.ts";
import { AppError } from "../../src/shared/errors.ts";

export interface ScriptedAccount {
  identity: IdentityStatus;
  standing: ProviderStanding | null;
  /** null: this market keeps no accounts. */
  balance: ProviderBalance | null;
  level: ServiceLevel | null;
  verified: JobVerified;
  /** Stake, release and claim are refused with this. */
  refuse: AppError | null;
}

export const PHRASE = Array.from(
  { length: 24 },
  (_, i) => ["anchor", "bridge", "copper", "dolphin"][i % 4] ?? "",
);
const ASKED = [2, 7, 15, 24];

export function aKey(overrides: Partial<IdentityStatus> = {}): IdentityStatus {
  return {
    state: "open",
    problem: null,
    mode: "live",
    providerId: "prov_91f0c2d4a7b35e6810fd2c9a",
    address: "anim1zqqd3x7m0s8vq2k5j4h6g9f8d7s6a5p4o3i2u1y0trewqlkjhgfdsazx",
    fingerprint: "91f0c2d4a7b35e6810fd2c9a44e1b7d05c8862f3a9bb1e0d7f64c3a1508e2d97",
    algorithm: "ml-dsa-65",
    protection: "passphrase",
    keyStore: null,
    keyStoreRefused: null,
    createdAt: Date.UTC(2026, 10, 1),
    backup: null,
    retiredKeys: 0,
    asksPassphrase: true,
    ...overrides,
  };
}

export function anAccount(overrides: Partial<ScriptedAccount> = {}): ScriptedAccount {
  const checks = [{ name: "signature", ok: true, detail: "The ML-DSA-65 signature holds" }];
  return {
    identity: aKey(),
    standing: null,
    balance: null,
    level: null,
    verified: { verified: true, checks, recomputed: null },
    refuse: null,
    ...overrides,
  };
}

type AccountHandlers = Pick<
  ContractHandlers,
  | Extract<keyof ContractHandlers, `identity.${string}` | `provider.${string}`>
  | "service.level"
  | "jobs.verify"
>;

/** What was asked for is in `account` afterwards. A wrong passphrase is "wrong". */
export function scriptedAccountHandlers(account: ScriptedAccount = anAccount()): AccountHandlers {
  const noAccount = () =>
    new AppError({ code: "NO_ACCOUNT", message: "No stakes are kept here", actor: "user" });
  const refuseWrong = (passphrase: string | undefined) => {
    if (passphrase === "wrong")
      throw new AppError({ code: "PASSPHRASE_WRONG", message: "That is not the passphrase", actor: "user" });
  };
  const change = (to: Partial<IdentityStatus>, restarts = false) => {
    account.identity = { ...account.identity, ...to };
    return { status: account.identity, restarts };
  };
  const standing = async () => {
    if (account.standing === null || account.refuse !== null) throw account.refuse ?? noAccount();
    return { standing: account.standing };
  };
  const stakeBy = (minor: bigint) => {
    if (account.standing === null || account.refuse !== null) return;
    const { stake } = account.standing;
    const moved = (value: typeof stake.total) => ({
      ...value,
      minor: (BigInt(value.minor) + minor).toString(),
    });
    const total = minor > 0n ? moved(stake.total) : stake.total;
    account.standing = { ...account.standing, stake: { ...stake, total, effective: moved(stake.effective) } };
  };
  return {
    "identity.status": async () => ({ status: account.identity }),
    "identity.create": async () => change({ ...aKey(), backup: null }),
    "identity.unlock": async ({ passphrase }) => {
      refuseWrong(passphrase);
      return change({ state: "open", problem: null });
    },
    "identity.export": async ({ passphrase }) => {
      refuseWrong(passphrase);
      return { fileName: "bellows-prov_91f0.json", text: "{}\n" };
    },
    "identity.phrase": async ({ passphrase }) => {
      refuseWrong(passphrase);
      return { words: PHRASE, ask: ASKED };
    },
    "identity.checkBackup": async (backup) => {
      const same =
        backup.kind !== "words" || ASKED.every((place, i) => backup.words[i] === PHRASE[place - 1]);
      const by = backup.kind;
      return { same, status: same ? change({ backup: { at: Date.now(), by } }).status : account.identity };
    },
    "identity.restore": async () => change({ backup: { at: Date.now(), by: "restore" } }, true),
    "identity.rotate": async () =>
      change({ backup: null, retiredKeys: account.identity.retiredKeys + 1 }, true),
    "provider.terms": async () => ({ terms: [aTermless, ...aTerms(account.standing)] }),
    "provider.standing": async () => ({ standing: account.standing }),
    "provider.stake": async ({ amountMinor }) => {
      stakeBy(BigInt(amountMinor));
      return standing();
    },
    "provider.unstake": async ({ amountMinor }) => {
      stakeBy(-BigInt(amountMinor));
      return standing();
    },
    "provider.balance": async ({ market }) => {
      if (account.balance?.market !== market) throw noAccount();
      return account.balance;
    },
    "provider.claim": async ({ market }) => {
      if (account.balance === null) throw noAccount();
      const { pending, providerId } = account.balance;
      account.balance = { ...account.balance, pending: { ...pending, minor: "0" } };
      return { market, providerId, total: pending, payouts: [] };
    },
    "service.level": async ({ market }) => ({
      level: account.level?.market === market ? account.level : null,
    }),
    "jobs.verify": async () => account.verified,
  };
}

const MINUTE = 60_000;
const anm = (whole: number) => ({ currency: "ANM" as const, minor: String(Math.round(whole * 1e9)) });

const aTermless = { market: "aitbc" as const, stake: null, losses: [], jail: null };

/** As AICF publishes them; a standing brings the market's own minimum. */
function aTerms(standing: ProviderStanding | null): MarketTerms[] {
  return [
    {
      market: "aicf",
      stake: {
        minimum: standing?.stake.minimum ?? anm(100),
        from: standing === null ? "published" : "market",
        backAfterMs: 24 * 60 * MINUTE,
      },
      losses: [
        { measure: "traps", limit: 0.66, bps: 1000 },
        { measure: "qos", limit: 0.95, bps: 500 },
        { measure: "availability", limit: 0.98, bps: 250 },
      ],
      jail: { penalties: 3, spanMs: 60 * MINUTE, lengthMs: 48 * 60 * MINUTE },
    },
  ];
}

export function aStanding(now: number, overrides: Partial<ProviderStanding> = {}): ProviderStanding {
  return {
    market: "aicf",
    providerId: "prov_91f0c2d4a7b35e6810fd2c9a",
    at: now,
    state: "eligible",
    jailedUntil: null,
    health: { score: 0.94, word: "HEALTHY" },
    stake: {
      total: anm(140),
      effective: anm(120),
      minimum: anm(100),
      releases: [{ amount: anm(20), height: 98_000, blocksLeft: 5_400, freeAt: now + 18 * 60 * MINUTE }],
    },
    reasons: [],
    slashes: [],
    service: { traps: 0.992, qos: 0.98, latencyP95Ms: 840, availability: 0.984 },
    ...overrides,
  };
}

export function aBalance(overrides: Partial<ProviderBalance> = {}): ProviderBalance {
  return {
    market: "aicf",
    providerId: "prov_91f0c2d4a7b35e6810fd2c9a",
    available: anm(12.400131),
    pending: anm(1.204131),
    escrow: anm(0.31),
    lastSettlementEpoch: 417,
    ...overrides,
  };
}

type Measure = ServiceLevel["measures"][number];

export function aMeasure(name: Measure["name"], overrides: Partial<Measure> = {}): Measure {
  const share = { good: "above", unit: "ratio" } as const;
  const kinds: Record<Measure["name"], Pick<Measure, "good" | "unit" | "limit" | "value">> = {
    health: { ...share, limit: 0.55, value: 0.94 },
    availability: { ...share, limit: 0.98, value: 0.997 },
    "latency-p95": { good: "below", unit: "ms", limit: 3000, value: 840 },
    traps: { ...share, limit: 0.66, value: 1 },
    qos: { ...share, limit: 0.95, value: 0.991 },
    jail: { good: "below", unit: "count", limit: 3, value: 0 },
  };
  const kind = kinds[name];
  const value = overrides.value === undefined ? kind.value : overrides.value;
  const distance = value === null ? null : kind.good === "above" ? value - kind.limit : kind.limit - value;
  return {
    name,
    label: name,
    ...kind,
    distance,
    trend: "steady",
    state: value === null ? "unknown" : "good",
    breachCost: null,
    breachBps: null,
    breachText: "",
    ...overrides,
  };
}

export function aLevel(now: number, overrides: Partial<ServiceLevel> = {}): ServiceLevel {
  const from = now - 15 * MINUTE;
  return {
    market: "aicf",
    at: now,
    window: { from, to: now, jobs: 212 },
    measures: [
      aMeasure("health"),
      aMeasure("availability", { breachCost: anm(3.5), breachBps: 250 }),
      aMeasure("latency-p95", { trend: "better" }),
      aMeasure("traps", { breachCost: anm(14), breachBps: 1000 }),
      aMeasure("qos", { breachCost: anm(7), breachBps: 500, trend: "worse" }),
      aMeasure("jail"),
    ],
    actions: [],
    beats: Array.from({ length: 60 }, (_, i) => from + 2_000 + i * 15_000),
    aliveMs: MINUTE,
    log: [],
    ...overrides,
  };
}
