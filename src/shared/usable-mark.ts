/** User Timing mark of the page: the frame after its first true screen was drawn. Benches read it. */
export const USABLE_MARK = "bellows-usable";
