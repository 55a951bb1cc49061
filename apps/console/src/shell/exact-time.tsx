import type { ReactNode } from 'react';

/** `2026-11-01 10:00:00 UTC`: for what is compared with logs and other people's clocks. */
export const exactText = (at: string | number): string => `${new Date(at).toISOString().slice(0, 19).replace('T', ' ')} UTC`;

export const ExactTime = ({ at }: { at: string | number }): ReactNode => <time dateTime={new Date(at).toISOString()}>{exactText(at)}</time>;
