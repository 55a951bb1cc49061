/**
 * How a word of the shared memory is read and written between two turns of the sequence that guards it. V8 makes one move of
 * `words[i]`, and a call of each use of Atomics (1 ns and 13 ns), and a look-up reads some 25 words.
 *
 * The sequences themselves always go through Atomics, which no compiler moves other accesses across. What is left is the
 * processor: x86 does loads in the order of loads, and stores in that of stores (Intel, Software Developer's Manual, volume 3,
 * "Memory Ordering"), so a reader that finds its sequence unturned has seen none of a change. ARM and others may take a load after
 * one that follows it; there each word goes through Atomics.
 */
const keepsOrder = ['x64', 'ia32'].includes(process.arch);

export const readWord: (words: Int32Array, index: number) => number = keepsOrder
  ? (words, index) => words[index]!
  : (words, index) => Atomics.load(words, index);

export const writeWord: (words: Int32Array, index: number, word: number) => void = keepsOrder
  ? (words, index, word) => void (words[index] = word)
  : (words, index, word) => void Atomics.store(words, index, word);
