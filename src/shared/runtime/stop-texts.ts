/** Where an answer ends because of a text it must not reach. */

/** Where the first of these texts begins; -1 when none is there. An empty one is no text. */
export function firstOf(stop: readonly string[], text: string): number {
  const places = stop.filter((each) => each !== "").map((each) => text.indexOf(each));
  const found = places.filter((place) => place !== -1);
  return found.length === 0 ? -1 : Math.min(...found);
}
