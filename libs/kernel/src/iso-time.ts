const dayMs = 86_400_000;
const textLength = 24;
/** `2026-11-26T`. */
const dayLength = 11;
const twoDigits = Array.from({ length: 60 }, (_, n) => String(n).padStart(2, '0'));

/** The day worked out last: most times that are told one after the other are of one. */
let knownDay = '';
let knownDayMs = Number.NaN;

/** What Date.toISOString writes, at a fraction of its time. Throws RangeError where Date has no such time. */
export const isoOfMs = (ms: number): string => {
  const day = Math.floor(ms / dayMs) * dayMs;
  if (day !== knownDayMs) {
    const text = new Date(ms).toISOString();
    // Years of more than four digits are longer.
    if (text.length !== textLength || !Number.isInteger(ms)) return text;
    knownDay = text.slice(0, dayLength);
    knownDayMs = day;
  }
  const rest = Math.floor(ms - day);
  const seconds = Math.floor(rest / 1_000);
  const milliseconds = rest % 1_000;
  const padding = milliseconds < 10 ? '00' : milliseconds < 100 ? '0' : '';
  return `${knownDay}${twoDigits[Math.floor(seconds / 3_600)]!}:${twoDigits[Math.floor(seconds / 60) % 60]!}:${twoDigits[seconds % 60]!}.${padding}${milliseconds}Z`;
};

const zero = 48;
/** NaN where one of them is no digit. */
const number = (text: string, from: number, to: number): number => {
  let value = 0;
  for (let i = from; i < to; i += 1) {
    const digit = text.charCodeAt(i) - zero;
    if (digit < 0 || digit > 9) return Number.NaN;
    value = value * 10 + digit;
  }
  return value;
};

/** The other way: null for any text that isoOfMs doesn't write, and for times before 1970. */
export const msOfIso = (text: string): number | null => {
  if (text.length !== textLength || text[13] !== ':' || text[16] !== ':' || text[19] !== '.' || text[23] !== 'Z') return null;
  if (!text.startsWith(knownDay) || knownDay === '') {
    const day = text.slice(0, dayLength);
    const ms = Date.parse(`${day}00:00:00.000Z`);
    if (Number.isNaN(ms) || ms < 0 || new Date(ms).toISOString().slice(0, dayLength) !== day) return null;
    knownDay = day;
    knownDayMs = ms;
  }
  const [hours, minutes, seconds] = [number(text, 11, 13), number(text, 14, 16), number(text, 17, 19)];
  const ms = knownDayMs + ((hours * 60 + minutes) * 60 + seconds) * 1_000 + number(text, 20, 23);
  // A comparison with NaN is false.
  return hours < 24 && minutes < 60 && seconds < 60 && ms >= 0 ? ms : null;
};
