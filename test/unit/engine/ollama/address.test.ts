import { describe, expect, test } from "vitest";
import { loopbackAddress } from "../../../../src/engine/ollama/address.ts";

describe("where an Ollama may listen that is used", () => {
  test.each([
    ["127.0.0.1", "http://127.0.0.1:11434"],
    ["localhost", "http://127.0.0.1:11434"],
    ["http://LOCALHOST:11500/", "http://127.0.0.1:11500"],
    ["0.0.0.0", "http://127.0.0.1:11434"],
    ["0.0.0.0:9000", "http://127.0.0.1:9000"],
    [":9000", "http://127.0.0.1:9000"],
    ["http://127.0.0.1:80", "http://127.0.0.1:80"],
    ["[::1]:11434", "http://[::1]:11434"],
    ["http://[::]", "http://[::1]:11434"],
    ["0", "http://127.0.0.1:11434"],
  ])("%s is %s", (text, address) => {
    expect(loopbackAddress(text)).toBe(address);
  });

  test.each([
    "192.168.1.20",
    "http://ollama.example:11434",
    "https://127.0.0.1:11434",
    "127.0.0.1.example.org",
    "http://127.0.0.1@example.org",
    "http://user:word@127.0.0.1:11434",
    "http://127.0.0.1:11434/v1",
    "http://127.0.0.1:11434?x",
    "ftp://127.0.0.1",
    "http://",
    "",
    "a b",
  ])("%s is none", (text) => {
    expect(loopbackAddress(text)).toBeNull();
  });
});
