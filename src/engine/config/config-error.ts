/** Wrong settings are reported all at once, each with its name, its value, why it is wrong and what to write instead. */
import { AppError } from "../../shared/errors.ts";

export interface ConfigProblem {
  /** As the person wrote it: `MAX_CONCURRENCY` or `--max-concurrency`. */
  readonly name: string;
  /** What was written, shortened; null when nothing was written; secrets are never shown. */
  readonly value: string | null;
  /** Why it can't be used, to be read after the name: "is not a whole number". */
  readonly reason: string;
  /** What to write instead: a full sentence without its full stop. */
  readonly fix: string;
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

/** `MAX_CONCURRENCY "lots" is not a whole number`. */
function sentence(problem: ConfigProblem): string {
  return problem.value === null
    ? `${problem.name} ${problem.reason}`
    : `${problem.name} "${problem.value}" ${problem.reason}`;
}
