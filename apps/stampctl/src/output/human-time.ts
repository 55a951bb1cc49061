const secondMs = 1000;
const minuteMs = 60 * secondMs;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;

/** "12 s", "2 min", "3 h", "5 d": one unit, since the next one is never what matters. */
export const humanAge = (ms: number): string => {
  if (ms < minuteMs) return `${Math.max(0, Math.floor(ms / secondMs))} s`;
  if (ms < hourMs) return `${Math.floor(ms / minuteMs)} min`;
  if (ms < 2 * dayMs) return `${Math.floor(ms / hourMs)} h`;
  return `${Math.floor(ms / dayMs)} d`;
};

/** "2 min ago"; "never" for nothing. Clocks differ, so a time a moment ahead is "just now". */
export const ago = (time: string | null | undefined, nowMs: number): string => {
  if (!time) return 'never';
  const ms = nowMs - Date.parse(time);
  if (Number.isNaN(ms)) return time;
  return ms < 2 * secondMs ? 'just now' : `${humanAge(ms)} ago`;
};

/** How long something took: "0.4 s", "14 s", "3 min 20 s". */
export const humanDuration = (ms: number): string => {
  if (ms < 10 * secondMs) return `${(Math.max(0, ms) / secondMs).toFixed(1)} s`;
  if (ms < minuteMs) return `${Math.round(ms / secondMs)} s`;
  const seconds = Math.round((ms % minuteMs) / secondMs);
  return seconds === 0 || seconds === 60 ? `${Math.round(ms / minuteMs)} min` : `${Math.floor(ms / minuteMs)} min ${seconds} s`;
};

/** Clock time of an event for log lines, UTC so that lines of several regions compare. */
export const clockTime = (time: string): string => {
  const ms = Date.parse(time);
  return Number.isNaN(ms) ? time : new Date(ms).toISOString().slice(11, 19);
};
