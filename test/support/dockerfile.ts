/** A Dockerfile as stages and steps, with its build arguments put in: to be judged, or carried out without an engine. */
import {
  Cmd,
  Copy,
  DockerfileParser,
  Entrypoint,
  Env,
  From,
  Healthcheck,
  type Instruction,
  type JSONInstruction,
  Label,
} from "dockerfile-ast";

export type Step =
  | { readonly do: "run"; readonly command: string }
  | { readonly do: "copy"; readonly from: string | null; readonly sources: string[]; readonly to: string }
  | { readonly do: "env" | "label"; readonly values: Readonly<Record<string, string>> }
  | { readonly do: "workdir"; readonly path: string }
  | { readonly do: "user"; readonly user: string }
  | { readonly do: "entrypoint" | "cmd" | "healthcheck"; readonly words: readonly string[] }
  | { readonly do: "volume" | "expose" | "stopsignal"; readonly text: string };

export interface Stage {
  readonly name: string;
  /** An image, or an earlier stage's name. */
  readonly base: string;
  readonly steps: readonly Step[];
}

/** Throws for what the file has and this reader does not know: nothing is passed over. */
export function readDockerfile(text: string): Stage[] {
  const args = new Map<string, string>();
  const stages: { name: string; base: string; steps: Step[] }[] = [];
  for (const instruction of DockerfileParser.parse(text).getInstructions()) {
    if (instruction.getKeyword() === "ARG") {
      const [, name, value] = /^(\w+)=(\S+)$/.exec(content(instruction)) ?? [];
      if (name === undefined || value === undefined) throw unknown(instruction);
      args.set(name, value);
    } else if (instruction instanceof From) {
      const base = (instruction.getImage() ?? "").replaceAll(
        /\$\{(\w+)\}/g,
        (_, name) => args.get(name) ?? "",
      );
      stages.push({ name: instruction.getBuildStage() ?? `${stages.length}`, base, steps: [] });
    } else {
      const stage = stages.at(-1);
      if (stage === undefined) throw unknown(instruction);
      stage.steps.push(stepOf(instruction));
    }
  }
  return stages;
}

function stepOf(instruction: Instruction): Step {
  const text = content(instruction);
  switch (instruction.getKeyword()) {
    case "RUN":
      return { do: "run", command: text };
    case "WORKDIR":
      return { do: "workdir", path: text };
    case "USER":
      return { do: "user", user: text };
    case "VOLUME":
      return { do: "volume", text };
    case "EXPOSE":
      return { do: "expose", text };
    case "STOPSIGNAL":
      return { do: "stopsignal", text };
  }
  if (instruction instanceof Copy) {
    const flags = instruction.getFlags().map((flag) => [flag.getName(), flag.getValue() ?? ""] as const);
    if (flags.some(([name]) => name !== "from")) throw unknown(instruction);
    const words = text.split(/\s+/);
    return { do: "copy", from: flags[0]?.[1] ?? null, sources: words.slice(0, -1), to: words.at(-1) ?? "" };
  }
  if (instruction instanceof Env || instruction instanceof Label) {
    const values = instruction.getProperties().map((each) => [each.getName(), each.getValue() ?? ""]);
    return { do: instruction instanceof Env ? "env" : "label", values: Object.fromEntries(values) };
  }
  if (instruction instanceof Healthcheck) {
    return { do: "healthcheck", words: JSON.parse(text.replace(/^CMD\s+/, "")) as string[] };
  }
  if (instruction instanceof Entrypoint) return { do: "entrypoint", words: wordsOf(instruction) };
  if (instruction instanceof Cmd) return { do: "cmd", words: wordsOf(instruction) };
  throw unknown(instruction);
}

/** Only the JSON form: the other one runs a shell that swallows signals. */
function wordsOf(instruction: JSONInstruction): string[] {
  return JSON.parse(content(instruction)) as string[];
}

function content(instruction: Instruction): string {
  return (instruction.getArgumentsContent() ?? "").replaceAll(/\\\n/g, "").trim();
}

function unknown(instruction: Instruction): Error {
  return new Error(`Not read: ${instruction.getKeyword()} ${content(instruction)}`);
}

/** Values of an instruction that counts only once, the last one winning. */
export function settingOf(stage: Stage, kind: "entrypoint" | "cmd" | "healthcheck"): readonly string[] {
  const found = stage.steps.findLast((step) => step.do === kind);
  return found !== undefined && "words" in found ? found.words : [];
}

export function labelsOf(stage: Stage): Record<string, string> {
  return Object.assign({}, ...stage.steps.map((step) => (step.do === "label" ? step.values : {})));
}

export function environmentOf(stage: Stage): Record<string, string> {
  return Object.assign({}, ...stage.steps.map((step) => (step.do === "env" ? step.values : {})));
}
