import type { Element } from './element.js';

/** Murmur3's finaliser: every bit of the input changes half of the output's. */
const mix = (value: number): number => {
  let h = value | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85eb_ca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2_ae35);
  return (h ^ (h >>> 16)) >>> 0;
};

/** 2^32 over the golden ratio: consecutive multiples are spread evenly. */
const stride = 0x9e37_79b9;
const span = 2 ** 32;

/**
 * Which coded symbols an element is part of: all below `end`, ascending, beginning with 0. Symbol i has an element with the
 * probability 1 / (1 + i/2), so a few symbols hold many elements and many hold few, which is what lets any number of them be
 * decoded (Yang, Gilad, Alizadeh: "Practical Rateless Set Reconciliation", SIGCOMM 2024, section 4.2; there with α = 0.5).
 * Every region must come to the same symbols: only integers and correctly rounded operations are used.
 */
export const eachSymbolOf = ({ high, low }: Element, end: number, visit: (index: number) => void): void => {
  let step = 0;
  for (let index = 0; index < end;) {
    visit(index);
    step = (step + stride) | 0;
    const uniform = (mix(low ^ mix(high ^ step)) + 1) / span;
    index += Math.max(1, Math.ceil((index + 1.5) * (1 / Math.sqrt(uniform) - 1)));
  }
};

export const isInSymbol = (element: Element, index: number): boolean => {
  let found = false;
  eachSymbolOf(element, index + 1, (i) => (found = i === index));
  return found;
};

/** 16 bits that say whether a sum of elements is a single one; independent of the mapping. */
export const checkOf = ({ high, low }: Element): number => mix(mix(high ^ 0x5bd1_e995) ^ low) >>> 16;
