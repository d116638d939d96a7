/**
 * The port: all the engine knows of a market. An adapter is the only code that knows a wire format; what a market
 * lacks it states in `capabilities`, so the engine asks and never branches on a market's name.
 *
 * Errors: every method throws AppError with actor "network" (no answer), "market" (it answered no) or "user"
 * (a key, a setting, a stake is missing); `retryable` says whether the same call may succeed later, `retryAfterMs`
 * carries Retry-After. Aborting the signal rejects with its reason. Code NOT_REGISTERED, from any call: the market
 * does not know us (any more), so register again, then go on.
 */
import type {
  ClaimReport,
  MarketId,
  MarketLimit,
  ProviderBalance,
  ProviderStanding,
} from "../../shared/contract/views.ts";
import type { CurrencyCode, Money } from "../../shared/money.ts";
import type { Work } from "../../shared/work.ts";
import type { GuideNames } from "../metrics/guide-series.ts";
import type { ServiceRules } from "../sla/rules.ts";

export interface MarketCapabilities {
  /** The market grants leases with an expiry that can be renewed. */
  readonly renewableLeases: boolean;
  /** A lease can be given back without being counted as a failure. */
  readonly returnsLeases: boolean;
  /** `acquire` may wait at the market for work (long poll). */
  readonly longPoll: boolean;
  /** The provider has to stake before it is given work. */
  readonly stake: boolean;
  /** false: nothing to work for is reachable here, only books; default true. */
  readonly work?: boolean;
  /** false: what is reachable here hands out no jobs, so it is asked for none; it hears of this provider all the same. Default true. */
  readonly jobs?: boolean;
}

export interface ProviderProfile {
  readonly name: string;
  readonly region: string | null;
  /** Jobs this provider will hold at once, over all devices. */
  readonly concurrency: number;
  /** Catalogue ids and their declared aliases that are present and checked on disk. */
  readonly models: readonly string[];
  readonly devices: readonly { id: string; name: string; memoryMb: number | null; healthy: boolean }[];
}

export interface Registration {
  /** The id under which the market knows this provider. */
  readonly providerId: string;
}

export interface Load {
  /** Leases held now (leased to submitting), the number the market must hear. */
  readonly inflight: number;
  readonly capacity: number;
  readonly profile: ProviderProfile;
}

export interface HeartbeatAck {
  /** The interval the market wants; null: it does not say. */
  readonly intervalMs: number | null;
  /** The market's opinion of this provider, in its own word; null: none. */
  readonly health: string | null;
}

/** Work we do not take: the engine declines it with the reason. */
export interface UnsupportedWork {
  readonly kind: "unsupported";
  readonly reason: string;
  /** Which rule it breaks; absent: we just do not do such work. */
  readonly code?: string | undefined;
}
/** Work as every market's adapter hands it over: parsed, within limits and typed. */
export type LeasedWork = Work | UnsupportedWork;

export interface Lease {
  readonly market: MarketId;
  /** Unique within the market and stable over restarts; the ledger's key with `market`. */
  readonly leaseId: string;
  readonly jobId: string;
  readonly attempt: number;
  readonly model: string;
  /** Set when the market pins the model's manifest hash; a difference is declined. */
  readonly modelSha256: string | null;
  readonly work: LeasedWork;
  /** Gross offer; null when the market does not say. */
  readonly fee: Money | null;
  readonly grantedAt: number;
  /** Unix ms after which the market takes the job back; null: no expiry known. */
  readonly expiresAt: number | null;
  readonly maxRuntimeMs: number | null;
  /** Escrow state as far as the market tells: funded, unfunded, or null for unknown. */
  readonly payment: "funded" | "unfunded" | null;
}

export interface AcquireWish {
  readonly max: number;
  /** How long the market may hold the call open, ms; ignored without `longPoll`. */
  readonly waitMs: number;
  readonly models: readonly string[];
}

/** A durable result on its way out: everything here was committed before `submit` is first called. */
export interface Submission {
  readonly leaseId: string;
  readonly jobId: string;
  readonly model: string;
  /** Constant over all tries of this lease. */
  readonly idempotencyKey: string;
  /** Canonical CBOR result bytes. */
  readonly output: Uint8Array;
  /** Lower-case hex without 0x. */
  readonly sha3_512: string;
  readonly sha3_256: string;
  readonly shape: readonly number[];
  /** Canonical CBOR of the signed receipt. */
  readonly receipt: Uint8Array;
  readonly computeMs: number;
  readonly device: string;
  /** True when an earlier try may have arrived: the adapter first finds out, and never makes a second one. */
  readonly resend: boolean;
}

export type SubmitOutcome =
  | {
      readonly kind: "accepted";
      readonly marketReceipt: string | null;
      /** Does the market's signature on it hold, in a sentence; absent: there is nothing to check. */
      readonly receiptCheck?: { readonly ok: boolean; readonly detail: string };
    }
  /** The market says no to this result, for good. */
  | { readonly kind: "rejected"; readonly code: string; readonly message: string }
  /** The lease was no longer ours. */
  | { readonly kind: "lost"; readonly message: string }
  | { readonly kind: "expired"; readonly message: string };

/** A ledger-grade line of the market's books: what one job brought. */
export interface JobCredit {
  readonly jobId: string;
  /** Net, as credited. */
  readonly net: Money;
  /** The job is paid, and the market tells nowhere how much: `net` is 0. */
  readonly untold?: true;
  /** Gross and fee when the market's books show them. */
  readonly gross: Money | null;
  /** Unix ms by the market's clock when known, else when it was read. */
  readonly settledAt: number;
  /** The market's own reference: a transaction hash, an epoch. */
  readonly reference: string | null;
}

/** Where the answers to claims are kept: they name each job's amount once, for whoever's job it is. */
export interface ClaimBook {
  /** Durable when it returns; a job that is there keeps what was said of it first. */
  put(claimed: readonly JobCredit[]): void;
  /** What was claimed for these jobs. */
  of(jobIds: readonly string[]): readonly JobCredit[];
}

/** The provider's account at a market that keeps stakes: what a person does at its counter. */
export interface MarketAccount {
  standing(signal: AbortSignal): Promise<ProviderStanding>;
  stake(amount: Money, signal: AbortSignal): Promise<ProviderStanding>;
  /** Starts the release; the amount stops counting at once. */
  unstake(amount: Money, signal: AbortSignal): Promise<ProviderStanding>;
  balance(signal: AbortSignal): Promise<ProviderBalance>;
  /** Moves everything settled to the balance. */
  claim(signal: AbortSignal): Promise<ClaimReport>;
}

/** Where an offer stands at a market, whatever words it uses: only `open` can be rented. */
export type OfferStatus = "open" | "booked" | "in-use" | "withdrawn";

/** One offer of ours as the market lists it now. */
export interface Listing {
  readonly offerId: string;
  readonly model: string;
  /** Per hour; null when the market shows none that can be read. */
  readonly price: Money | null;
  readonly status: OfferStatus;
  /** The market's own word for the status. */
  readonly word: string;
  /** It was booked or in use when last seen and is on the market again although nobody released it. */
  readonly revived: boolean;
}

/** What one GPU is offered as. */
export interface OfferTerms {
  /** null where the market makes the id. */
  readonly offerId: string | null;
  readonly model: string;
  readonly memoryMb: number | null;
  readonly region: string | null;
  /** Per hour. */
  readonly price: Money;
  /** Ids that other GPUs of this provider are offered under: never to be taken for this one's. */
  readonly otherIds: readonly string[];
}

export type PublishOutcome =
  | { readonly kind: "published"; readonly offerId: string }
  /** It was there already, from a try whose answer was lost or an earlier life. */
  | { readonly kind: "exists"; readonly offerId: string }
  /** Somebody else has that id; the next one may be free. */
  | { readonly kind: "id-taken" };

export interface Booking {
  readonly bookingId: string;
  readonly offerId: string;
  /** Unix ms; null: not said. */
  readonly startsAt: number | null;
  readonly endsAt: number | null;
  /** For the whole time; null: not said. */
  readonly total: Money | null;
  readonly jobId: string | null;
}

/** What somebody asks for one GPU an hour. */
export interface PriceSeen {
  readonly offerId: string;
  readonly model: string;
  readonly price: Money;
  readonly ours: boolean;
}

export interface OfferAbilities {
  readonly reprice: boolean;
  readonly withdraw: boolean;
  /** The status can be set: a GPU that was rented elsewhere can be kept off this board. */
  readonly status: boolean;
}

/** A registry of GPUs for rent: one offer stands for one GPU. A market may have several that know nothing of each other. */
export interface OfferBoard {
  /** Unique within the market; the ledger's key with market and device. */
  readonly id: string;
  readonly name: string;
  readonly endpoint: string;
  abilities(signal: AbortSignal): Promise<OfferAbilities>;
  /** A globally unique id for a GPU, another one for each `attempt` from 0; null where the market makes it. */
  idFor(deviceId: string, attempt: number): string | null;
  /** All offers of this provider. */
  listings(signal: AbortSignal): Promise<readonly Listing[]>;
  /** Safe to repeat: looks first whether it is there. */
  publish(terms: OfferTerms, signal: AbortSignal): Promise<PublishOutcome>;
  reprice(offerId: string, price: Money, signal: AbortSignal): Promise<void>;
  withdraw(offerId: string, signal: AbortSignal): Promise<void>;
  /** By the moves the market allows. */
  setStatus(offerId: string, status: OfferStatus, signal: AbortSignal): Promise<void>;
  bookings(signal: AbortSignal): Promise<readonly Booking[]>;
  prices(signal: AbortSignal): Promise<readonly PriceSeen[]>;
  /** Lets the board know that the provider lives, where that does no harm. Call now and then. */
  keepAlive(signal: AbortSignal): Promise<void>;
}

/** The range a market itself recommends for a GPU, per hour. */
export interface PriceBand {
  readonly model: string;
  readonly low: Money;
  readonly high: Money;
}

/** Renting whole GPUs out by the hour. */
export interface OfferCounter {
  readonly boards: readonly OfferBoard[];
  /** The market's published advice; empty: none. */
  readonly priceBands: readonly PriceBand[];
}

/** Word from the market that something changed: work to fetch, money to read, our standing to look at. */
export type MarketNews = "work" | "money" | "standing";

export interface MarketAdapter {
  readonly id: MarketId;
  readonly name: string;
  readonly currency: CurrencyCode;
  readonly capabilities: MarketCapabilities;
  /** Base URL shown to people. */
  readonly endpoint: string;
  /** Absent where a market keeps no stakes. */
  readonly account?: MarketAccount;
  /** What the market demands of a provider's service; absent: nothing it could punish. */
  readonly serviceRules?: ServiceRules;
  /** How the market's guide names a worker's metrics; absent: it asks for none. */
  readonly guideNames?: GuideNames;
  /** Absent where GPUs can't be offered for rent. */
  readonly offers?: OfferCounter;
  /** The market's time minus this machine's, ms; null before its first answer. Absent: it does not tell the time. */
  clockSkewMs?(): number | null;
  /** What does not work here and why, one sentence each; empty: everything does. */
  limits?(): readonly MarketLimit[];
  /** Calls `listener` whenever the market pushes news, until the signal aborts; reconnects by itself. */
  listen?(listener: (news: MarketNews) => void, signal: AbortSignal): Promise<void>;
  /** What the provider gets of a gross fee by the market's published split: shown as pending until the credit is read. */
  expectedNet(gross: Money): Money;

  /** Is it there, and is it the service we think it is? Throws when not. */
  probe(signal: AbortSignal): Promise<void>;
  /** Make the market know this provider (and stake where it must); safe to repeat. */
  register(profile: ProviderProfile, signal: AbortSignal): Promise<Registration>;
  heartbeat(load: Load, signal: AbortSignal): Promise<HeartbeatAck>;
  acquire(wish: AcquireWish, signal: AbortSignal): Promise<readonly Lease[]>;
  /** New expiry, unix ms. Only with `renewableLeases`. */
  renew(lease: Pick<Lease, "leaseId" | "jobId">, extendMs: number, signal: AbortSignal): Promise<number>;
  submit(submission: Submission, signal: AbortSignal): Promise<SubmitOutcome>;
  /** Tell the market that a job can't be done. Safe to repeat. */
  fail(
    lease: Pick<Lease, "leaseId" | "jobId">,
    failure: { code: string; message: string; retryable: boolean },
    signal: AbortSignal,
  ): Promise<void>;
  /** Give a lease back before it ran. Without `returnsLeases` the adapter fails it as retryable. */
  giveBack(lease: Pick<Lease, "leaseId" | "jobId">, reason: string, signal: AbortSignal): Promise<void>;
  /**
   * Leases the market believes we hold, as `acquire` would have handed them over: after a crash, or when the answer
   * to an acquire was lost on the way, the engine adopts what it does not know. null: the market can't say.
   */
  openLeases(signal: AbortSignal): Promise<readonly Lease[] | null>;
  /**
   * The market's books for these accepted, not yet settled jobs: those that were credited by now.
   * May claim a payout on the way where the market has one.
   */
  credits(unsettledJobIds: readonly string[], signal: AbortSignal): Promise<readonly JobCredit[]>;
}
