/** A GPU that CUDA_VISIBLE_DEVICES leaves out: there on purpose and not to be used, so nothing that went wrong. */

/** Its verdict's code, which is also the label of its metric. */
export const LEFT_OUT = "not-visible";

export function isLeftOut({
  verdict,
}: {
  readonly verdict?: { readonly code?: string | undefined } | null | undefined;
}): boolean {
  return verdict?.code === LEFT_OUT;
}
