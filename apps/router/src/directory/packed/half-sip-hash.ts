/**
 * HalfSipHash-1-3 with 32 bits of output: SipHash on 32-bit words, which is what JavaScript computes with fast. A keyed
 * pseudo-random function, as the Linux kernel uses it for its hash tables: whoever can choose tenant ids or host names
 * can't make them collide without the key, and the key is drawn anew for each table.
 */

/** The last word may be partly used; what is not used of it must be zero. */
export const halfSipHash = (words: Int32Array, byteLength: number, key0: number, key1: number): number => {
  let v0 = key0;
  let v1 = key1;
  let v2 = 0x6c796765 ^ key0;
  let v3 = 0x74656462 ^ key1;
  const whole = byteLength >>> 2;
  const rest = byteLength & 3;
  const last = (byteLength << 24) | (rest === 0 ? 0 : words[whole]! & ((1 << (rest * 8)) - 1));
  // whole + 1 words of message, a round each; then three rounds to finish.
  for (let i = 0; i < whole + 4; i += 1) {
    const word = i < whole ? words[i]! : i === whole ? last : 0;
    if (i === whole + 1) v2 ^= 0xff;
    v3 ^= word;
    v0 = (v0 + v1) | 0;
    v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
    v0 = (v0 << 16) | (v0 >>> 16);
    v2 = (v2 + v3) | 0;
    v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
    v0 = (v0 + v3) | 0;
    v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
    v2 = (v2 + v1) | 0;
    v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
    v2 = (v2 << 16) | (v2 >>> 16);
    v0 ^= word;
  }
  return v1 ^ v3;
};
