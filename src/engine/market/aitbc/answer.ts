/** What an AITBC service meant by an answer: one reading of status and body for all of its dialects (protocols/aitbc.md §1.2). */
import type { z } from "zod";
import type { AppError } from "../../../shared/errors.ts";
import type { HttpAnswer, HttpClient } from "../http.ts";
import { statusError, unreadable } from "../http-errors.ts";

const SHOWN_TEXT = 120;

/**
 * An answer's status as it is meant: the older dialect sends errors as HTTP 200 with `[{"error":"text"}, 404]` (§1.2).
 */
export function meantStatus(status: number, body: unknown): number {
  if (status !== 200 || !Array.isArray(body) || body.length !== 2) return status;
  const [problem, code] = body;
  const isError = typeof problem === "object" && problem !== null && Object.hasOwn(problem, "error");
  return isError && Number.isInteger(code) && code >= 400 && code <= 599 ? code : status;
}

export interface AnswerReader {
  /** The error for an answer that is none of those asked for. */
  refusal(http: HttpClient, answer: HttpAnswer): AppError;
  /** The body of a 200 or 201; throws what the service said instead, or UNREADABLE_ANSWER. */
  read<T>(http: HttpClient, answer: HttpAnswer, schema: z.ZodType<T>): T;
}

export function readerOf(now: () => number): AnswerReader {
  const refusal = (http: HttpClient, answer: HttpAnswer) =>
    statusError(
      http.host,
      { ...answer, status: meantStatus(answer.status, answer.body) },
      http.redact,
      now(),
    );
  return {
    refusal,
    read(http, answer, schema) {
      const status = meantStatus(answer.status, answer.body);
      if (status !== 200 && status !== 201) throw refusal(http, answer);
      const parsed = schema.safeParse(answer.body);
      if (parsed.success) return parsed.data;
      throw unreadable(http.host, answer.what, http.redact(answer.text.slice(0, SHOWN_TEXT)));
    },
  };
}
