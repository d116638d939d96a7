/** Wrong settings are reported all at once, each with its name, its value, why it is wrong and what to write instead. */
import { AppError } from "../../shared/errors.ts";

export interface ConfigProblem {
  /** As the person wrote it: `MAX_CONCURRENCY`, `--max-concurrency`, `work.max_concurrency`; empty: the file itself. */
  readonly name: string;
  /** What was written, shortened; null when nothing was written; secrets are never shown. */
  readonly value: string | null;
  /** Why it can't be used, to be read after the name: "is not a whole number". */
  readonly reason: string;
  /** What to write instead: a full sentence without its full stop. */
  readonly fix: string;
  /** The configuration file it stands in, and the line; absent: environment or command line. */
  readonly file?: string;
  readonly line?: number | null;
}

/** Code CONFIG_INVALID, actor user; `problems` holds at least one. */
export class ConfigError extends AppError {
  readonly problems: readonly ConfigProblem[];

  constructor(problems: readonly ConfigProblem[]) {
    const [first] = problems;
    super({
      code: "CONFIG_INVALID",
      message:
        problems.length === 1
          ? problems.map(sentence).join("")
          : `${problems.length} settings are wrong: ${problems.map((problem) => `${sentence(problem)} (${problem.fix})`).join("; ")}`,
      actor: "user",
      help: problems.length === 1 ? first?.fix : undefined,
    });
    this.name = "ConfigError";
    this.problems = problems;
  }
}

/** `MAX_CONCURRENCY "lots" is not a whole number`; in a file with the place in front, as compilers write it. */
export function sentence(problem: ConfigProblem): string {
  const place =
    problem.file === undefined ? "" : problem.line == null ? problem.file : `${problem.file}:${problem.line}`;
  const subject = [place, problem.name].filter((part) => part !== "").join(": ");
  return problem.value === null
    ? `${subject} ${problem.reason}`
    : `${subject} "${problem.value}" ${problem.reason}`;
}
