/**
 * Is this really that provider? Every state-changing call is signed over its raw body, with the provider's key or, where
 * the profile allows it, with its secret (docs/markets-devnet.md "Signing").
 */
import { createHmac, timingSafeEqual } from "node:crypto";
import type { Clock } from "../clock.ts";
import { DILITHIUM3, MAX_SKEW_MS, SIGN_DOMAIN } from "./constants.ts";
import { Refusal, unknownProvider } from "./errors.ts";
import type { Registry } from "./registry.ts";
import { signBytes, verifyMlDsa65 } from "./sign-bytes.ts";

export type Op =
  | "register"
  | "stake"
  | "unstake"
  | "heartbeat"
  | "acquire"
  | "renew"
  | "complete"
  | "fail"
  | "return";

/** Calls that move identity or money: the key, nothing less. */
const KEY_ONLY: readonly Op[] = ["register", "stake", "unstake"];

export interface SignedCall {
  readonly op: Op;
  readonly rawBody: Uint8Array;
  /** Value of `x-signature`. */
  readonly signature: string | null;
  /** The four members every signed body carries. */
  readonly stamp: {
    readonly op: string;
    readonly provider_id: string;
    readonly timestamp_ms: number;
    readonly nonce: string;
  };
  /** For a provider that is just registering: the key it brings. */
  readonly newKey?: Uint8Array;
}

export class Authenticator {
  readonly #registry: Registry;
  readonly #clock: Clock;
  readonly #chainId: number;

  constructor(registry: Registry, clock: Clock, chainId: number) {
    this.#registry = registry;
    this.#clock = clock;
    this.#chainId = chainId;
  }

  /** Returns when the call is the provider's own, fresh and first; throws Refusal otherwise. */
  check(call: SignedCall): void {
    const { stamp } = call;
    if (stamp.op !== call.op) throw unauthorized(`op must be "${call.op}"`);
    const now = this.#clock();
    if (Math.abs(now - stamp.timestamp_ms) > MAX_SKEW_MS) {
      throw new Refusal(401, "AICF_UNAUTHORIZED", "timestamp_ms is more than 5 minutes off", { now_ms: now });
    }
    this.#checkSignature(call);
    const nonce = stamp.nonce.replace(/^0x/, "").toLowerCase();
    if (!this.#registry.spendNonce(stamp.provider_id, nonce, stamp.timestamp_ms + 2 * MAX_SKEW_MS)) {
      throw new Refusal(409, "AICF_REPLAY", "this nonce was used before");
    }
  }

  #checkSignature({ op, rawBody, signature, stamp, newKey }: SignedCall): void {
    const [, scheme, value] = /^(dilithium3|sha256)=(\S+)$/.exec(signature ?? "") ?? [];
    if (scheme === undefined || value === undefined)
      throw unauthorized("x-signature is missing or of an unknown kind");
    const provider = this.#registry.find(stamp.provider_id);
    const key = newKey ?? provider?.publicKey;
    if (!key) throw unknownProvider(stamp.provider_id);
    if (scheme === "dilithium3") {
      const parts = {
        domain: SIGN_DOMAIN,
        chainId: this.#chainId,
        algorithm: DILITHIUM3,
        context: op,
        message: rawBody,
      };
      if (!verifyMlDsa65(key, signBytes(parts), Buffer.from(value, "base64")))
        throw unauthorized("wrong signature");
      return;
    }
    if (KEY_ONLY.includes(op)) throw unauthorized(`${op} has to be signed with the provider's key`);
    if (!provider?.secret) throw unauthorized("this provider has no secret");
    const expected = createHmac("sha256", provider.secret).update(rawBody).digest();
    const given = Buffer.from(value, "hex");
    if (given.length !== expected.length || !timingSafeEqual(given, expected))
      throw unauthorized("wrong signature");
  }
}

function unauthorized(message: string): Refusal {
  return new Refusal(401, "AICF_UNAUTHORIZED", message);
}
