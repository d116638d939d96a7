import { describe, expect, test } from "vitest";
import { conversation } from "../../../../src/engine/ollama/prompt.ts";

const CHAT = { format: "chatml", system: "Be brief." } as const;
const user = (content: string) => ({ role: "user" as const, content });

describe("a conversation in ChatML", () => {
  test("begins with the model's own system message where it has none, and leaves the answer open", () => {
    expect(conversation([user("Hi")], CHAT)).toBe(
      "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n",
    );
  });

  test("keeps its own, and every turn in its order", () => {
    const messages = [
      { role: "system" as const, content: "Say yes." },
      user("One?"),
      { role: "assistant" as const, content: "yes" },
      user("Two?"),
    ];
    expect(conversation(messages, CHAT)).toBe(
      "<|im_start|>system\nSay yes.<|im_end|>\n<|im_start|>user\nOne?<|im_end|>\n" +
        "<|im_start|>assistant\nyes<|im_end|>\n<|im_start|>user\nTwo?<|im_end|>\n<|im_start|>assistant\n",
    );
  });

  test("has no system message where the model was taught none", () => {
    expect(conversation([user("Hi")], { format: "chatml", system: "" })).toBe(
      "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n",
    );
  });
});
