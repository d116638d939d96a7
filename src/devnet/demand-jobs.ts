/**
 * The demo's customers: which job comes n-th, and what it pays. A pure function of seed, market and number, so that the
 * same seed gives the same jobs, also after a restart.
 */
import { readFileSync } from "node:fs";
import { z } from "zod";
import type { MarketId } from "../shared/contract/views.ts";
import { sha256 } from "../shared/digest.ts";
import { AppError } from "../shared/errors.ts";
import { tokensOf, unitsOf } from "./aicf/units.ts";

const SubjectSchema = z.object({
  name: z.string(),
  language: z.string(),
  queries: z.array(z.string().min(1)).min(1),
  sentences: z.array(z.string().min(1)).min(1),
});
const TextsSchema = z.object({ version: z.literal(1), subjects: z.array(SubjectSchema).min(1) });
export type Subject = z.infer<typeof SubjectSchema>;

export interface JobDraft {
  readonly model: string;
  /** 1 to 32. */
  readonly texts: readonly string[];
}

/** A query and what is to be ordered by it: AITBC's payload "rerank". */
export interface RerankDraft {
  readonly model: string;
  readonly query: string;
  readonly documents: readonly string[];
}

/** A search among vectors, no model needed: AITBC's payload "vector". */
export interface TopKDraft {
  readonly a: readonly (readonly number[])[];
  readonly b: readonly (readonly number[])[];
  readonly k: number;
}

/** Of AITBC's jobs; the others are texts to embed. */
const RERANK_SHARE = 0.12;
const TOPK_SHARE = 0.05;
const MAX_DOCUMENTS = 12;
const VECTOR_WIDTH = 32;
const VECTOR_ROWS = 48;

const MODELS = ["text-embed-001", "all-MiniLM-L6-v2"] as const;
const MAX_TEXTS = 32;
const MIN_WORDS = 30;
const MAX_WORDS = 200;

/** Nano a customer pays for one AI unit (1000 tokens): upstream's config.py. */
const AICF_NANO_PER_UNIT = 1_000_000;
/** Bids spread this far around the price, each way. */
const SPREAD = 0.15;
/** 0.1 AIT, the smallest payment whose net is exact (docs/markets-devnet.md "Chain RPC"). */
const AITBC_STEP_E8 = 10_000_000;
const AITBC_TOKENS_PER_STEP = 600;
const AITBC_MAX_STEPS = 20;

export function readDemoTexts(file: string): readonly Subject[] {
  try {
    return TextsSchema.parse(JSON.parse(readFileSync(file, "utf8"))).subjects;
  } catch (cause) {
    throw new AppError({
      code: "DEMO_TEXTS_UNREADABLE",
      message: `The demo's texts cannot be read from ${file}`,
      actor: "machine",
      help: "Install Bellows again: a file of its resources folder is missing or damaged.",
      cause,
    });
  }
}

/** The n-th job of a market, n from 0. */
export function draftJob(subjects: readonly Subject[], seed: number, market: MarketId, n: number): JobDraft {
  const random = randomOf(`${seed}/${market}/${n}`);
  const count = 1 + Math.floor((MAX_TEXTS - 1) * random() ** 3); // Most jobs are small, a few are full.
  const texts = Array.from({ length: count }, () => draftText(subjects, random));
  return { model: pick(MODELS, random), texts };
}

/** Which kind of work AITBC's n-th job is. */
export function kindOfJob(seed: number, n: number): "embed" | "rerank" | "topk" {
  const chance = randomOf(`${seed}/aitbc/${n}/kind`)();
  if (chance < RERANK_SHARE) return "rerank";
  return chance < RERANK_SHARE + TOPK_SHARE ? "topk" : "embed";
}

/** A query of one subject among sentences of several. */
export function draftRerank(subjects: readonly Subject[], seed: number, n: number): RerankDraft {
  const random = randomOf(`${seed}/aitbc/${n}/rerank`);
  const count = 2 + Math.floor((MAX_DOCUMENTS - 1) * random());
  const documents = Array.from({ length: count }, () => pick(pick(subjects, random).sentences, random));
  return { model: pick(MODELS, random), query: pick(pick(subjects, random).queries, random), documents };
}

export function draftTopK(seed: number, n: number): TopKDraft {
  const random = randomOf(`${seed}/aitbc/${n}/topk`);
  const row = () => Array.from({ length: VECTOR_WIDTH }, () => Math.round((random() * 2 - 1) * 1000) / 1000);
  const rows = 1 + Math.floor(VECTOR_ROWS * random());
  return { a: [row()], b: Array.from({ length: rows }, row), k: Math.min(5, rows) };
}

/** Nano for the whole job: proportional to its units, with a little spread. */
export function aicfFee(draft: JobDraft, random: () => number): number {
  return Math.round(unitsOf(draft.texts) * AICF_NANO_PER_UNIT * (1 - SPREAD + 2 * SPREAD * random()));
}

/** AIT in e8, a multiple of 0.1 AIT: proportional to the tokens, with a little spread. */
export function aitbcPaymentE8({ texts }: Pick<JobDraft, "texts">, random: () => number): number {
  const steps = (tokensOf(texts) / AITBC_TOKENS_PER_STEP) * (1 - SPREAD + 2 * SPREAD * random());
  return Math.min(AITBC_MAX_STEPS, Math.max(1, Math.ceil(steps))) * AITBC_STEP_E8;
}

/** Uniform in [0, 1), the same sequence for the same key (xorshift32 started from its hash). */
export function randomOf(key: string): () => number {
  let state = Number.parseInt(sha256(Buffer.from(key, "utf8")).slice(0, 8), 16) || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

/** A search query, one sentence, or a paragraph that starts in a subject and may wander into the next. */
function draftText(subjects: readonly Subject[], random: () => number): string {
  const at = Math.floor(random() * subjects.length);
  const subject = subjects[at] as Subject;
  const kind = random();
  if (kind < 0.4) return pick(subject.queries, random);
  if (kind < 0.75) return pick(subject.sentences, random);
  const sentences = [...subjects.slice(at), ...subjects.slice(0, at)].flatMap((one) => one.sentences);
  const first = Math.floor(random() * subject.sentences.length);
  return paragraph(sentences.slice(first), MIN_WORDS + random() * (MAX_WORDS - MIN_WORDS));
}

/** The first sentence, and as many more as fit. */
function paragraph(sentences: readonly string[], maxWords: number): string {
  let words = 0;
  const end = sentences.findIndex((sentence) => {
    words += wordsIn(sentence);
    return words > maxWords;
  });
  return sentences.slice(0, end === -1 ? sentences.length : Math.max(1, end)).join(" ");
}

/** Scripts without spaces are counted by length. */
function wordsIn(sentence: string): number {
  return Math.max(sentence.split(/\s+/).length, Math.ceil(sentence.length / 12));
}

function pick<T>(items: readonly T[], random: () => number): T {
  return items[Math.floor(random() * items.length)] as T;
}
