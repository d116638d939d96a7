/** What devices are called: the model where that says which one, and more where it does not. */
import { describe, expect, it } from "vitest";
import { toldApart } from "../../../../src/engine/device/told-apart.ts";

const H100 = "NVIDIA H100 80GB HBM3";
const SLICE = `${H100} MIG 1g.10gb`;

const card = (index: number, name: string, id = `GPU-${index}`) => ({ id, name, gpu: { index } });
const cpu = { id: "cpu", name: "AMD EPYC 7B13" };

const names = (...views: ReturnType<typeof card>[]) => toldApart(views).map(({ name }) => name);

describe("names of devices", () => {
  it("are the model where no other has it", () => {
    const views = [card(0, H100), card(1, "NVIDIA L4"), cpu];
    expect(toldApart(views)).toEqual(views);
  });

  it("say which GPU it is where several are of one model, and keep the model beside it", () => {
    const told = toldApart([card(0, H100), card(3, H100), card(1, "NVIDIA L4")]);
    expect(told.map(({ name, model }) => [name, model])).toEqual([
      [`${H100} · GPU 0`, H100],
      [`${H100} · GPU 3`, H100],
      ["NVIDIA L4", undefined],
    ]);
  });

  it("tell the slices of several GPUs apart, and alike slices of one by their ids", () => {
    expect(names(card(0, SLICE, "MIG-aaaaaaaa-1"), card(1, SLICE, "MIG-bbbbbbbb-1"))).toEqual([
      `${SLICE} · GPU 0`,
      `${SLICE} · GPU 1`,
    ]);
    expect(names(card(0, SLICE, "MIG-aaaaaaaa-1"), card(0, SLICE, "MIG-bbbbbbbb-1"))).toEqual([
      `${SLICE} · GPU 0 · aaaaaaaa`,
      `${SLICE} · GPU 0 · bbbbbbbb`,
    ]);
  });

  it("are all different for any machine", () => {
    const views = Array.from({ length: 16 }, (_, at) =>
      card(at >> 1, at % 3 === 0 ? H100 : SLICE, `MIG-${String(at).padStart(8, "0")}`),
    );
    expect(new Set(names(...views)).size).toBe(views.length);
  });
});
