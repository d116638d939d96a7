/** The mark: a flame with a second, inner one cut out of it. The same path as resources/icons/flame.svg. */
export const FLAME_PATH =
  "M12.6 1.8c.5 3.300 2.300 5 3.900 6.900 1.300 1.600 2.300 3.400 2.300 5.700a6.800 6.800 0 0 1-13.600 0c0-2.700 1.300-4.600 2.900-6.300.2 1.700.8 2.900 1.900 3.500.2-3.900.3-7.300 2.600-9.800z";

export function Flame({ size = 20 }: { size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <path d={FLAME_PATH} fill="currentColor" />
    </svg>
  );
}
