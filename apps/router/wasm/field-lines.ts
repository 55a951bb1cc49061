/**
 * The lines of a head's fields, sixteen bytes at a time. AssemblyScript, which `npm run gen` compiles into
 * src/http1/field-lines-wasm.ts; src/http1/field-lines.ts lays the memory out and uses it. It knows which bytes may stand where and where lines end (RFC 9112 §5), and nothing of what
 * fields mean. Whatever isn't a whole, plain sequence of lines is left to the scanner in TypeScript, which alone refuses.
 */
const CR: i32 = 0x0d;
const LF: i32 = 0x0a;
const SP: i32 = 0x20;
const HTAB: i32 = 0x09;
const COLON: i32 = 0x3a;
const lanes: i32 = 16;

/** Layout of the memory, as in src/http1/field-lines.ts. */
const tokenLow: usize = 0;
const tokenHigh: usize = 16;
const counts: usize = 32;
const notables: usize = 64;
const noteworthy: usize = 4096;

/** As in src/http1/field-kinds.ts: names are told apart by their length, and the lowest bits of their first letter. */
const lengthsTold: i32 = 32;
const letterBits: i32 = 5;
const letterMask: i32 = 31;

/** A bit for each byte that is no token: its low and its high half have no bit in common in the two tables. */
function otherThanToken(bytes: v128, low: v128, high: v128): i32 {
  const byLow = i8x16.swizzle(low, v128.and(bytes, i8x16.splat(0x0f)));
  const byHigh = i8x16.swizzle(high, i8x16.shr_u(bytes, 4));
  return i8x16.bitmask(i8x16.eq(v128.and(byLow, byHigh), i8x16.splat(0)));
}

/** A bit for each byte that no value holds: control characters but HTAB, and DEL. */
function otherThanValue(bytes: v128): i32 {
  const control = v128.andnot(i8x16.lt_u(bytes, i8x16.splat(0x20)), i8x16.eq(bytes, i8x16.splat(0x09)));
  return i8x16.bitmask(v128.or(control, i8x16.eq(bytes, i8x16.splat(0x7f))));
}

function isBlank(code: i32): bool {
  return code == SP || code == HTAB;
}

/**
 * Reads memory[from … to), and up to fifteen bytes behind it, which count for nothing. Offset of the empty line that ends the lines; -1: they don't end, or one isn't plain, or there are
 * more than `fieldsMax`. At `counts`: how many fields there are, and how many of them have a name that may be noteworthy by its length and first letter; at `notables` five words for each of those: where its
 * line begins, its name ends, its value begins and ends, and the next line begins.
 */
export function scan(from: i32, to: i32, fieldsMax: i32): i32 {
  const low = v128.load(tokenLow);
  const high = v128.load(tokenHigh);
  let at = from;
  let fields = 0;
  let note = notables;
  while (true) {
    if (at + 1 >= to) return -1;
    const first = <i32>load<u8>(at);
    if (first == CR) {
      if (<i32>load<u8>(at + 1) != LF) return -1;
      break;
    }
    let i = at;
    let other = otherThanToken(v128.load(i), low, high);
    while (other == 0) {
      i += lanes;
      if (i >= to) return -1;
      other = otherThanToken(v128.load(i), low, high);
    }
    i += ctz<i32>(other);
    if (i >= to || i == at || <i32>load<u8>(i) != COLON) return -1;
    const nameEnd = i;
    i += 1;
    while (i < to && isBlank(<i32>load<u8>(i))) i += 1;
    if (i >= to) return -1;
    const valueStart = i;
    other = otherThanValue(v128.load(i));
    while (other == 0) {
      i += lanes;
      if (i >= to) return -1;
      other = otherThanValue(v128.load(i));
    }
    i += ctz<i32>(other);
    if (i + 1 >= to || <i32>load<u8>(i) != CR || <i32>load<u8>(i + 1) != LF) return -1;
    fields += 1;
    if (fields > fieldsMax) return -1;
    const length = nameEnd - at;
    if (load<u8>(noteworthy + (((length < lengthsTold ? length : 0) << letterBits) | (first & letterMask))) != 0) {
      let valueEnd = i;
      while (valueEnd > valueStart && isBlank(<i32>load<u8>(valueEnd - 1))) valueEnd -= 1;
      store<i32>(note, at);
      store<i32>(note, nameEnd, 4);
      store<i32>(note, valueStart, 8);
      store<i32>(note, valueEnd, 12);
      store<i32>(note, i + 2, 16);
      note += 20;
    }
    at = i + 2;
  }
  store<i32>(counts, fields);
  store<i32>(counts, <i32>((note - notables) / 20), 4);
  return at;
}
