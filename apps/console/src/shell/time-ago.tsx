import { useEffect, useState, type ReactNode } from 'react';

const secondMs = 1_000;
/** Ages are shown in steps that the eye can use; a tick per second would only flicker. */
const tickMs = 5_000;
const steps: readonly (readonly [number, string])[] = [
  [86_400_000, 'd'],
  [3_600_000, 'h'],
  [60_000, 'min'],
  [secondMs, 's'],
];

export const ago = (ms: number): string => {
  const [size, unit] = steps.find(([size]) => ms >= size) ?? [secondMs, 's'];
  return ms < 2 * secondMs ? 'just now' : `${Math.floor(ms / size)} ${unit} ago`;
};

/** "2 min ago", exact on hover; null is "never". */
export const TimeAgo = ({ at }: { at: string | number | null }): ReactNode => {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = window.setInterval(() => setNow(Date.now()), tickMs);
    return () => window.clearInterval(timer);
  }, []);
  if (at === null) return 'never';
  const time = new Date(at);
  return (
    <time dateTime={time.toISOString()} title={time.toISOString()}>
      {ago(Math.max(0, Math.max(now, Date.now()) - time.getTime()))}
    </time>
  );
};
