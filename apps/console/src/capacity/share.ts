/** Beyond these shares somebody should think of the next stamp, and soon. */
const highShare = 0.75;
const fullShare = 0.9;

/** From 0 to 1; what has no capacity is full. */
export const shareOf = (units: number, capacity: number): number => (capacity <= 0 ? 1 : Math.min(1, Math.max(0, units / capacity)));

export const toneOfShare = (share: number): 'good' | 'passing' | 'bad' =>
  share >= fullShare ? 'bad' : share >= highShare ? 'passing' : 'good';
