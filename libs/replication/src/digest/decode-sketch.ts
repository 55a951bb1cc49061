import type { Element } from './element.js';
import { Sketch } from './sketch.js';
import { checkOf, eachSymbolOf, isInSymbol } from './symbol-mapping.js';

export interface SetDifference {
  readonly onlyHere: readonly Element[];
  readonly onlyThere: readonly Element[];
}

const one = 1;
const minusOne = 255;

/**
 * Elements in which two sets differ, from the difference of their symbols; null where these are too few for that many, or rubbish.
 *
 * Peeling: a symbol with one element in it gives that element, which is then taken out of all others. Decoded is only what leaves
 * every symbol empty, so nothing is told of a set that was not wholly understood. Symbols out of anybody's hand end it too: no more
 * elements are taken out than there are symbols.
 */
export const decodeSketch = (difference: Sketch): SetDifference | null => {
  // A copy: the caller may need its symbols again, with more behind them.
  const work = difference.minus(new Sketch(difference.length));
  const open = Array.from({ length: work.length }, (_, i) => i);
  const onlyHere: Element[] = [];
  const onlyThere: Element[] = [];
  for (let index = open.pop(); index !== undefined; index = open.pop()) {
    const element = { high: work.high[index]!, low: work.low[index]! };
    const sign = work.count[index]!;
    if ((sign !== one && sign !== minusOne) || work.check[index] !== checkOf(element) || !isInSymbol(element, index)) continue;
    if (onlyHere.length + onlyThere.length >= work.length) return null;
    (sign === one ? onlyHere : onlyThere).push(element);
    const check = checkOf(element);
    eachSymbolOf(element, work.length, (i) => {
      work.changeSymbol(i, element, check, sign === one ? -1 : 1);
      if (work.count[i] === one || work.count[i] === minusOne) open.push(i);
    });
  }
  return isEmpty(work) ? { onlyHere, onlyThere } : null;
};

const isEmpty = ({ high, low, check, count }: Sketch): boolean =>
  [high, low, check, count].every((words) => words.every((word: number) => word === 0));
